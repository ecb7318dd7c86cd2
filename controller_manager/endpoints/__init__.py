"""Lists the pods behind each Service in an Endpoints object, for those who still read them."""
