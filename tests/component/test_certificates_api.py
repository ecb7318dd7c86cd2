"""What Kubernetes' conformance asks of certificates.k8s.io, over REST."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.component.apiserver.test_conformance import answer, events
from tests.component.apiserver.test_rest import client
from tests.csr import request_pem

GROUP = "/apis/certificates.k8s.io/v1"
REQUESTS = f"{GROUP}/certificatesigningrequests"
MERGE = {"Content-Type": "application/merge-patch+json"}


def request(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name, "labels": {"of": "test"}},
        "spec": {
            "request": base64.b64encode(request_pem("ann", groups=())).decode(),
            "signerName": "example.com/e2e",
            "usages": ["client auth"],
            "expirationSeconds": 3600,
        },
    }


def approval(kind: str) -> dict[str, Any]:
    condition = {"type": kind, "status": "True", "reason": "Test", "message": "of a test"}
    return {"conditions": [condition]}


@pytest.mark.conformance(
    "[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations"
)
async def test_requests_for_certificates_have_every_verb(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        groups = await answer(session, "GET", "/apis")
        assert "certificates.k8s.io" in {one["name"] for one in groups["groups"]}
        group = await answer(session, "GET", "/apis/certificates.k8s.io")
        assert "v1" in {one["version"] for one in group["versions"]}
        known = await answer(session, "GET", GROUP)
        wanted = {f"certificatesigningrequests{part}" for part in ("", "/approval", "/status")}
        assert wanted <= {one["name"] for one in known["resources"]}

        made = await answer(session, "POST", REQUESTS, json=request("a"), code=201)
        await answer(session, "POST", REQUESTS, json=request("b"), code=201)
        version = made["metadata"]["resourceVersion"]
        assert (await answer(session, "GET", f"{REQUESTS}/a"))["metadata"]["uid"]
        assert len((await answer(session, "GET", REQUESTS))["items"]) == 2
        patched = await answer(
            session,
            "PATCH",
            f"{REQUESTS}/a",
            json={"metadata": {"annotations": {"patched": "true"}}},
            headers=MERGE,
        )
        assert patched["metadata"]["annotations"] == {"patched": "true"}
        patched["metadata"]["annotations"]["updated"] = "true"
        await answer(session, "PUT", f"{REQUESTS}/a", json=patched)
        seen = await events(session, f"{REQUESTS}?watch=1&resourceVersion={version}", 3)
        assert seen == [("ADDED", "b"), ("MODIFIED", "a"), ("MODIFIED", "a")]

        for name, part, change in (
            ("a", "approval", approval("Approved")),
            ("b", "approval", approval("Denied")),
            ("a", "status", {"certificate": base64.b64encode(CERTIFICATE).decode()}),
        ):
            path = f"{REQUESTS}/{name}/{part}"
            before = await answer(session, "GET", path)
            sent = {**before, "status": {**before.get("status", {}), **change}}
            after = await answer(session, "PUT", path, json=sent)
            assert change.keys() <= after["status"].keys()
            noted = {"metadata": {"annotations": {f"{part}-patched": "true"}}}
            patched = await answer(session, "PATCH", path, json=noted, headers=MERGE)
            assert patched["metadata"]["annotations"][f"{part}-patched"] == "true"

        await answer(session, "DELETE", f"{REQUESTS}/a")
        await answer(session, "GET", f"{REQUESTS}/a", code=404)
        await answer(session, "DELETE", f"{REQUESTS}?labelSelector=of=test")
        assert not (await answer(session, "GET", REQUESTS))["items"]


CERTIFICATE = b"""-----BEGIN CERTIFICATE-----
eA==
-----END CERTIFICATE-----
"""
