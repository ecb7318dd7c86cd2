"""What a request for a certificate says of whom it is for."""

from collections.abc import Sequence

from knarr.cli.describing.sheet import Sheet


def subject(sheet: Sheet, pem: bytes) -> None:
    """The name asked for, and the other names."""
    from cryptography import x509  # noqa: PLC0415

    request = x509.load_pem_x509_csr(pem)
    oid = x509.NameOID

    def of(kind: x509.ObjectIdentifier) -> list[str]:
        return [str(one.value) for one in request.subject.get_attributes_for_oid(kind)]

    sheet.line("Subject:")
    sheet.line(f"\tCommon Name:\t{''.join(of(oid.COMMON_NAME)[-1:])}")
    sheet.line(f"\tSerial Number:\t{''.join(of(oid.SERIAL_NUMBER)[-1:])}")
    for title, kind in (
        ("Organization", oid.ORGANIZATION_NAME),
        ("Organizational Unit", oid.ORGANIZATIONAL_UNIT_NAME),
        ("Country", oid.COUNTRY_NAME),
        ("Locality", oid.LOCALITY_NAME),
        ("Province", oid.STATE_OR_PROVINCE_NAME),
        ("StreetAddress", oid.STREET_ADDRESS),
        ("PostalCode", oid.POSTAL_CODE),
    ):
        _listed(sheet, title, of(kind))
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    sheet.line("Subject Alternative Names:")
    _listed(sheet, "DNS Names", names.get_values_for_type(x509.DNSName))
    _listed(sheet, "Email Addresses", names.get_values_for_type(x509.RFC822Name))
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    _listed(sheet, "URIs", uris)
    addresses = [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    _listed(sheet, "IP Addresses", addresses)


def _listed(sheet: Sheet, title: str, values: Sequence[str]) -> None:
    for place, value in enumerate(values):
        sheet.line(f"\t{title + ':' if place == 0 else ''}\t{value}")
