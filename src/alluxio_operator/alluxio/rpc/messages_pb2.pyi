from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SaslMessage(_message.Message):
    __slots__ = ("type", "message", "client_id", "scheme", "channel")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    type: int
    message: bytes
    client_id: str
    scheme: int
    channel: str
    def __init__(self, type: _Optional[int] = ..., message: _Optional[bytes] = ..., client_id: _Optional[str] = ..., scheme: _Optional[int] = ..., channel: _Optional[str] = ...) -> None: ...

class BackupOptions(_message.Message):
    __slots__ = ("local_file_system", "run_async", "allow_leader")
    LOCAL_FILE_SYSTEM_FIELD_NUMBER: _ClassVar[int]
    RUN_ASYNC_FIELD_NUMBER: _ClassVar[int]
    ALLOW_LEADER_FIELD_NUMBER: _ClassVar[int]
    local_file_system: bool
    run_async: bool
    allow_leader: bool
    def __init__(self, local_file_system: _Optional[bool] = ..., run_async: _Optional[bool] = ..., allow_leader: _Optional[bool] = ...) -> None: ...

class BackupRequest(_message.Message):
    __slots__ = ("options", "target_directory")
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TARGET_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    options: BackupOptions
    target_directory: str
    def __init__(self, options: _Optional[_Union[BackupOptions, _Mapping]] = ..., target_directory: _Optional[str] = ...) -> None: ...

class BackupStatusRequest(_message.Message):
    __slots__ = ("backup_id",)
    BACKUP_ID_FIELD_NUMBER: _ClassVar[int]
    backup_id: str
    def __init__(self, backup_id: _Optional[str] = ...) -> None: ...

class Backup(_message.Message):
    __slots__ = ("backup_id", "state", "host", "uri", "entry_count", "error")
    BACKUP_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    backup_id: str
    state: int
    host: str
    uri: str
    entry_count: int
    error: bytes
    def __init__(self, backup_id: _Optional[str] = ..., state: _Optional[int] = ..., host: _Optional[str] = ..., uri: _Optional[str] = ..., entry_count: _Optional[int] = ..., error: _Optional[bytes] = ...) -> None: ...

class UpdateRequest(_message.Message):
    __slots__ = ("properties",)
    class PropertiesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    properties: _containers.ScalarMap[str, str]
    def __init__(self, properties: _Optional[_Mapping[str, str]] = ...) -> None: ...

class UpdateAnswer(_message.Message):
    __slots__ = ("accepted",)
    class AcceptedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bool
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bool] = ...) -> None: ...
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    accepted: _containers.ScalarMap[str, bool]
    def __init__(self, accepted: _Optional[_Mapping[str, bool]] = ...) -> None: ...

class CommonOptions(_message.Message):
    __slots__ = ("sync_interval_ms",)
    SYNC_INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    sync_interval_ms: int
    def __init__(self, sync_interval_ms: _Optional[int] = ...) -> None: ...

class CreateDirectoryOptions(_message.Message):
    __slots__ = ("recursive", "write_type", "common")
    RECURSIVE_FIELD_NUMBER: _ClassVar[int]
    WRITE_TYPE_FIELD_NUMBER: _ClassVar[int]
    COMMON_FIELD_NUMBER: _ClassVar[int]
    recursive: bool
    write_type: int
    common: CommonOptions
    def __init__(self, recursive: _Optional[bool] = ..., write_type: _Optional[int] = ..., common: _Optional[_Union[CommonOptions, _Mapping]] = ...) -> None: ...

class CreateDirectoryRequest(_message.Message):
    __slots__ = ("path", "options")
    PATH_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    path: str
    options: CreateDirectoryOptions
    def __init__(self, path: _Optional[str] = ..., options: _Optional[_Union[CreateDirectoryOptions, _Mapping]] = ...) -> None: ...

class DeleteOptions(_message.Message):
    __slots__ = ("recursive", "common")
    RECURSIVE_FIELD_NUMBER: _ClassVar[int]
    COMMON_FIELD_NUMBER: _ClassVar[int]
    recursive: bool
    common: CommonOptions
    def __init__(self, recursive: _Optional[bool] = ..., common: _Optional[_Union[CommonOptions, _Mapping]] = ...) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("path", "options")
    PATH_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    path: str
    options: DeleteOptions
    def __init__(self, path: _Optional[str] = ..., options: _Optional[_Union[DeleteOptions, _Mapping]] = ...) -> None: ...

class Nothing(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
