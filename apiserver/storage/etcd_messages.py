"""The part of etcd's protocol that we speak, built when it is first needed.

On the wire there are only field numbers, so the table below says everything;
generated code would tie us to one version of protobuf. All messages lie in one
package, and enums are plain integers: neither shows on the wire.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "knarr.etcd"

_TABLE = """
Header: revision int64 3
KeyValue: key bytes 1, created int64 2, revision int64 3, value bytes 5, lease int64 6
Range: key bytes 1, end bytes 2, limit int64 3, revision int64 4, count_only bool 9
RangeAnswer: header Header 1, kvs *KeyValue 2, more bool 3, count int64 4
Put: key bytes 1, value bytes 2, lease int64 3, ignore_lease bool 6
PutAnswer: header Header 1
Delete: key bytes 1
Op: range Range 1, put Put 2, delete Delete 3
OpAnswer: range RangeAnswer 1
Compare: result int32 1, target int32 2, key bytes 3, created int64 5, revision int64 6
Txn: compare *Compare 1, success *Op 2, failure *Op 3
TxnAnswer: header Header 1, succeeded bool 2, responses *OpAnswer 3
Compact: revision int64 1
CompactAnswer: header Header 1
WatchCreate: key bytes 1, end bytes 2, start int64 3, previous bool 6, fragment bool 8
Watch: create WatchCreate 1
Event: type int32 1, kv KeyValue 2, previous KeyValue 3
WatchAnswer: header Header 1, created bool 3, canceled bool 4, compacted int64 5, reason string 6, \
fragment bool 7, events *Event 11
LeaseGrant: ttl int64 1
LeaseGrantAnswer: header Header 1, id int64 2, ttl int64 3
Status:
StatusAnswer: header Header 1, size int64 3, used int64 9
Defragment:
DefragmentAnswer: header Header 1
Member: id uint64 1, name string 2, peer_urls *string 3, client_urls *string 4, is_learner bool 5
MemberList: linearizable bool 1
MemberListAnswer: header Header 1, members *Member 2
MemberAdd: peer_urls *string 1, is_learner bool 2
MemberAddAnswer: header Header 1, member Member 2, members *Member 3
MemberRemove: id uint64 1
MemberRemoveAnswer: header Header 1, members *Member 2
MemberPromote: id uint64 1
MemberPromoteAnswer: header Header 1, members *Member 2
Authenticate: name string 1, password string 2
AuthenticateAnswer: header Header 1, token string 2
"""

COMPARE_CREATED = 1
"""`Compare.target`: the revision of the create, 0 for a key that is not there."""

COMPARE_REVISION = 2
"""`Compare.target`: the revision of the last write."""

DELETED = 1
"""`Event.type` of a delete; 0 is a put."""

METHODS = {
    "Range": "/etcdserverpb.KV/Range",
    "Put": "/etcdserverpb.KV/Put",
    "Txn": "/etcdserverpb.KV/Txn",
    "Compact": "/etcdserverpb.KV/Compact",
    "LeaseGrant": "/etcdserverpb.Lease/LeaseGrant",
    "Status": "/etcdserverpb.Maintenance/Status",
    "Defragment": "/etcdserverpb.Maintenance/Defragment",
    "MemberList": "/etcdserverpb.Cluster/MemberList",
    "MemberAdd": "/etcdserverpb.Cluster/MemberAdd",
    "MemberRemove": "/etcdserverpb.Cluster/MemberRemove",
    "MemberPromote": "/etcdserverpb.Cluster/MemberPromote",
    "Authenticate": "/etcdserverpb.Auth/Authenticate",
}
"""The calls with one answer; the request is the message of that name, the answer its Answer."""

WATCH = "/etcdserverpb.Watch/Watch"

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "bytes": _Field.TYPE_BYTES,
    "string": _Field.TYPE_STRING,
    "bool": _Field.TYPE_BOOL,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "uint64": _Field.TYPE_UINT64,
}


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="knarr/etcd.proto", package=PACKAGE, syntax="proto3"
    )
    for line in _TABLE.strip().splitlines():
        name, _, fields = line.partition(":")
        message = file.message_type.add(name=name)
        for field in filter(None, fields.strip().split(", ")):
            label, kind, number = field.split()
            added = message.field.add(name=label, number=int(number))
            added.label = _Field.LABEL_REPEATED if kind[0] == "*" else _Field.LABEL_OPTIONAL
            if kind.lstrip("*") in _SCALARS:
                added.type = _SCALARS[kind.lstrip("*")]
            else:
                added.type = _Field.TYPE_MESSAGE
                added.type_name = f".{PACKAGE}.{kind.lstrip('*')}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = message_factory.GetMessageClassesForFiles([file.name], pool)
    return {name.removeprefix(f"{PACKAGE}."): message for name, message in found.items()}


MESSAGES: dict[str, Any] = _build()  # Any: classes made at run time have no static type.
