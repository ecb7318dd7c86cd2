"""Makes the claims that pods ask for in their own spec, to live as long as the pod."""
