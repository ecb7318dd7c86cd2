"""What every Namespace has."""

from controller_manager.rootca.decide import decide as decide_root_ca
from controller_manager.serviceaccount.decide import decide
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.namespace import Namespace
from knarr.api.plan import Plan
from tests.builders import metadata

LIVING = Namespace(metadata=metadata("ns"))
ENDING = Namespace(metadata=metadata("ns", deleting=True))


def test_makes_the_default_account_where_it_is_missing() -> None:
    (made,) = decide(LIVING, ()).ensure
    assert (made.metadata.namespace, made.metadata.name) == ("ns", "default")  # type: ignore[attr-defined]
    assert decide(LIVING, ("default",)) == Plan()
    assert decide(ENDING, ()) == Plan()


def test_publishes_the_root_certificate_and_keeps_it_right() -> None:
    (made,) = decide_root_ca(LIVING, None, root_ca="CA").ensure
    assert isinstance(made, ConfigMap)
    assert made.data == {"ca.crt": "CA"}
    assert decide_root_ca(LIVING, made, root_ca="CA") == Plan()
    (changed,) = decide_root_ca(LIVING, made, root_ca="new CA").update
    assert isinstance(changed, ConfigMap)
    assert changed.data == {"ca.crt": "new CA"}
    assert decide_root_ca(ENDING, None, root_ca="CA") == Plan()
