"""What the API server shows to kubelets, and which kubelets it believes."""

from pathlib import Path

import grpc

from knarr.daemon.settings import SettingsError
from knarr.daemon.shown import Shown


class KubeletCredentials:
    """The certificate in files, read anew when it is renewed."""

    def __init__(self, certificate: str, key: str, authority: str) -> None:
        if not certificate or not authority:
            raise SettingsError(
                "--kubelet-client-certificate and --kubelet-certificate-authority go together"
            )
        self._shown = Shown(Path(certificate), Path(key or certificate), Path(authority))
        self._made = self._make()

    def current(self) -> tuple[grpc.ChannelCredentials, bool]:
        """The credentials to connect with, and whether they are new."""
        is_new = self._shown.is_changed()
        if is_new:
            self._made = self._make()
        return self._made, is_new

    def _make(self) -> grpc.ChannelCredentials:
        certificate, key, authority = self._shown.read()
        return grpc.ssl_channel_credentials(
            root_certificates=authority, private_key=key, certificate_chain=certificate
        )
