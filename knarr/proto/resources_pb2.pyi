from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Target(_message.Message):
    __slots__ = ("group", "version", "plural", "namespace", "name", "subresource")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PLURAL_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUBRESOURCE_FIELD_NUMBER: _ClassVar[int]
    group: str
    version: str
    plural: str
    namespace: str
    name: str
    subresource: str
    def __init__(self, group: _Optional[str] = ..., version: _Optional[str] = ..., plural: _Optional[str] = ..., namespace: _Optional[str] = ..., name: _Optional[str] = ..., subresource: _Optional[str] = ...) -> None: ...

class WriteOptions(_message.Message):
    __slots__ = ("field_manager", "field_validation", "dry_run")
    FIELD_MANAGER_FIELD_NUMBER: _ClassVar[int]
    FIELD_VALIDATION_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    field_manager: str
    field_validation: str
    dry_run: bool
    def __init__(self, field_manager: _Optional[str] = ..., field_validation: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class Selection(_message.Message):
    __slots__ = ("label_selector", "field_selector")
    LABEL_SELECTOR_FIELD_NUMBER: _ClassVar[int]
    FIELD_SELECTOR_FIELD_NUMBER: _ClassVar[int]
    label_selector: str
    field_selector: str
    def __init__(self, label_selector: _Optional[str] = ..., field_selector: _Optional[str] = ...) -> None: ...

class Form(_message.Message):
    __slots__ = ("kind", "include")
    KIND_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    include: str
    def __init__(self, kind: _Optional[str] = ..., include: _Optional[str] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("target", "resource_version", "form")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    target: Target
    resource_version: str
    form: Form
    def __init__(self, target: _Optional[_Union[Target, _Mapping]] = ..., resource_version: _Optional[str] = ..., form: _Optional[_Union[Form, _Mapping]] = ...) -> None: ...

class ListRequest(_message.Message):
    __slots__ = ("target", "selection", "limit", "continue_token", "resource_version", "resource_version_match", "form")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CONTINUE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_VERSION_MATCH_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    target: Target
    selection: Selection
    limit: int
    continue_token: str
    resource_version: str
    resource_version_match: str
    form: Form
    def __init__(self, target: _Optional[_Union[Target, _Mapping]] = ..., selection: _Optional[_Union[Selection, _Mapping]] = ..., limit: _Optional[int] = ..., continue_token: _Optional[str] = ..., resource_version: _Optional[str] = ..., resource_version_match: _Optional[str] = ..., form: _Optional[_Union[Form, _Mapping]] = ...) -> None: ...

class WriteRequest(_message.Message):
    __slots__ = ("target", "object", "options")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    target: Target
    object: bytes
    options: WriteOptions
    def __init__(self, target: _Optional[_Union[Target, _Mapping]] = ..., object: _Optional[bytes] = ..., options: _Optional[_Union[WriteOptions, _Mapping]] = ...) -> None: ...

class PatchRequest(_message.Message):
    __slots__ = ("target", "patch", "patch_type", "force", "options")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    PATCH_FIELD_NUMBER: _ClassVar[int]
    PATCH_TYPE_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    target: Target
    patch: bytes
    patch_type: str
    force: bool
    options: WriteOptions
    def __init__(self, target: _Optional[_Union[Target, _Mapping]] = ..., patch: _Optional[bytes] = ..., patch_type: _Optional[str] = ..., force: _Optional[bool] = ..., options: _Optional[_Union[WriteOptions, _Mapping]] = ...) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("target", "delete_options", "options")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    DELETE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    target: Target
    delete_options: bytes
    options: WriteOptions
    def __init__(self, target: _Optional[_Union[Target, _Mapping]] = ..., delete_options: _Optional[bytes] = ..., options: _Optional[_Union[WriteOptions, _Mapping]] = ...) -> None: ...

class DeleteCollectionRequest(_message.Message):
    __slots__ = ("target", "selection", "delete_options", "options", "limit", "continue_token")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    DELETE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CONTINUE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    target: Target
    selection: Selection
    delete_options: bytes
    options: WriteOptions
    limit: int
    continue_token: str
    def __init__(self, target: _Optional[_Union[Target, _Mapping]] = ..., selection: _Optional[_Union[Selection, _Mapping]] = ..., delete_options: _Optional[bytes] = ..., options: _Optional[_Union[WriteOptions, _Mapping]] = ..., limit: _Optional[int] = ..., continue_token: _Optional[str] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("target", "selection", "after", "timeout_s", "form")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_S_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    target: Target
    selection: Selection
    after: int
    timeout_s: int
    form: Form
    def __init__(self, target: _Optional[_Union[Target, _Mapping]] = ..., selection: _Optional[_Union[Selection, _Mapping]] = ..., after: _Optional[int] = ..., timeout_s: _Optional[int] = ..., form: _Optional[_Union[Form, _Mapping]] = ...) -> None: ...

class AskRequest(_message.Message):
    __slots__ = ("target", "query")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    target: Target
    query: str
    def __init__(self, target: _Optional[_Union[Target, _Mapping]] = ..., query: _Optional[str] = ...) -> None: ...

class RevisionRequest(_message.Message):
    __slots__ = ("told",)
    TOLD_FIELD_NUMBER: _ClassVar[int]
    told: _containers.RepeatedCompositeFieldContainer[Target]
    def __init__(self, told: _Optional[_Iterable[_Union[Target, _Mapping]]] = ...) -> None: ...

class Answer(_message.Message):
    __slots__ = ("object", "revision", "warnings", "created", "pending")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    object: bytes
    revision: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    created: bool
    pending: bool
    def __init__(self, object: _Optional[bytes] = ..., revision: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ..., created: _Optional[bool] = ..., pending: _Optional[bool] = ...) -> None: ...

class ListAnswer(_message.Message):
    __slots__ = ("objects", "revision", "continue_token", "remaining", "warnings")
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CONTINUE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedScalarFieldContainer[bytes]
    revision: int
    continue_token: str
    remaining: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, objects: _Optional[_Iterable[bytes]] = ..., revision: _Optional[int] = ..., continue_token: _Optional[str] = ..., remaining: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("type", "object", "revision")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TYPE_UNSPECIFIED: _ClassVar[Event.Type]
        ADDED: _ClassVar[Event.Type]
        MODIFIED: _ClassVar[Event.Type]
        DELETED: _ClassVar[Event.Type]
        BOOKMARK: _ClassVar[Event.Type]
    TYPE_UNSPECIFIED: Event.Type
    ADDED: Event.Type
    MODIFIED: Event.Type
    DELETED: Event.Type
    BOOKMARK: Event.Type
    TYPE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    type: Event.Type
    object: bytes
    revision: int
    def __init__(self, type: _Optional[_Union[Event.Type, str]] = ..., object: _Optional[bytes] = ..., revision: _Optional[int] = ...) -> None: ...

class WatchBatch(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ...) -> None: ...

class RevisionAnswer(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...
