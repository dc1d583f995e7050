from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
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

class Address(_message.Message):
    __slots__ = ("host", "port")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ...) -> None: ...

class QuorumServer(_message.Message):
    __slots__ = ("address", "state", "leads")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LEADS_FIELD_NUMBER: _ClassVar[int]
    address: Address
    state: int
    leads: bool
    def __init__(self, address: _Optional[_Union[Address, _Mapping]] = ..., state: _Optional[int] = ..., leads: _Optional[bool] = ...) -> None: ...

class QuorumAnswer(_message.Message):
    __slots__ = ("servers",)
    SERVERS_FIELD_NUMBER: _ClassVar[int]
    servers: _containers.RepeatedCompositeFieldContainer[QuorumServer]
    def __init__(self, servers: _Optional[_Iterable[_Union[QuorumServer, _Mapping]]] = ...) -> None: ...

class MemberRequest(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: Address
    def __init__(self, address: _Optional[_Union[Address, _Mapping]] = ...) -> None: ...

class TransferAnswer(_message.Message):
    __slots__ = ("transfer_id",)
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    def __init__(self, transfer_id: _Optional[str] = ...) -> None: ...

class TransferMessageRequest(_message.Message):
    __slots__ = ("transfer_id",)
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    def __init__(self, transfer_id: _Optional[str] = ...) -> None: ...

class TransferMessage(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class TransferMessageAnswer(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: TransferMessage
    def __init__(self, message: _Optional[_Union[TransferMessage, _Mapping]] = ...) -> None: ...

class NeedsSyncRequest(_message.Message):
    __slots__ = ("path",)
    PATH_FIELD_NUMBER: _ClassVar[int]
    path: str
    def __init__(self, path: _Optional[str] = ...) -> None: ...

class ListStatusOptions(_message.Message):
    __slots__ = ("load_metadata_type", "common", "recursive", "skip_loaded_check", "exclude_mount_info")
    LOAD_METADATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    COMMON_FIELD_NUMBER: _ClassVar[int]
    RECURSIVE_FIELD_NUMBER: _ClassVar[int]
    SKIP_LOADED_CHECK_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_MOUNT_INFO_FIELD_NUMBER: _ClassVar[int]
    load_metadata_type: int
    common: CommonOptions
    recursive: bool
    skip_loaded_check: bool
    exclude_mount_info: bool
    def __init__(self, load_metadata_type: _Optional[int] = ..., common: _Optional[_Union[CommonOptions, _Mapping]] = ..., recursive: _Optional[bool] = ..., skip_loaded_check: _Optional[bool] = ..., exclude_mount_info: _Optional[bool] = ...) -> None: ...

class ListStatusRequest(_message.Message):
    __slots__ = ("path", "options")
    PATH_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    path: str
    options: ListStatusOptions
    def __init__(self, path: _Optional[str] = ..., options: _Optional[_Union[ListStatusOptions, _Mapping]] = ...) -> None: ...

class ListStatusPartialOptions(_message.Message):
    __slots__ = ("options", "start_after", "batch_size")
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    START_AFTER_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    options: ListStatusOptions
    start_after: str
    batch_size: int
    def __init__(self, options: _Optional[_Union[ListStatusOptions, _Mapping]] = ..., start_after: _Optional[str] = ..., batch_size: _Optional[int] = ...) -> None: ...

class ListStatusPartialRequest(_message.Message):
    __slots__ = ("path", "options")
    PATH_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    path: str
    options: ListStatusPartialOptions
    def __init__(self, path: _Optional[str] = ..., options: _Optional[_Union[ListStatusPartialOptions, _Mapping]] = ...) -> None: ...

class GetStatusOptions(_message.Message):
    __slots__ = ("load_metadata_type", "common", "update_timestamps")
    LOAD_METADATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    COMMON_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIMESTAMPS_FIELD_NUMBER: _ClassVar[int]
    load_metadata_type: int
    common: CommonOptions
    update_timestamps: bool
    def __init__(self, load_metadata_type: _Optional[int] = ..., common: _Optional[_Union[CommonOptions, _Mapping]] = ..., update_timestamps: _Optional[bool] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ("path", "options")
    PATH_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    path: str
    options: GetStatusOptions
    def __init__(self, path: _Optional[str] = ..., options: _Optional[_Union[GetStatusOptions, _Mapping]] = ...) -> None: ...

class WorkerAddress(_message.Message):
    __slots__ = ("host",)
    HOST_FIELD_NUMBER: _ClassVar[int]
    host: str
    def __init__(self, host: _Optional[str] = ...) -> None: ...

class BlockLocation(_message.Message):
    __slots__ = ("address", "tier")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    address: WorkerAddress
    tier: str
    def __init__(self, address: _Optional[_Union[WorkerAddress, _Mapping]] = ..., tier: _Optional[str] = ...) -> None: ...

class BlockInfo(_message.Message):
    __slots__ = ("length", "locations")
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    LOCATIONS_FIELD_NUMBER: _ClassVar[int]
    length: int
    locations: _containers.RepeatedCompositeFieldContainer[BlockLocation]
    def __init__(self, length: _Optional[int] = ..., locations: _Optional[_Iterable[_Union[BlockLocation, _Mapping]]] = ...) -> None: ...

class FileBlock(_message.Message):
    __slots__ = ("info",)
    INFO_FIELD_NUMBER: _ClassVar[int]
    info: BlockInfo
    def __init__(self, info: _Optional[_Union[BlockInfo, _Mapping]] = ...) -> None: ...

class FileInfo(_message.Message):
    __slots__ = ("file_id", "path", "ufs_path", "length", "block_size", "created_ms", "completed", "folder", "pinned", "persisted", "block_ids", "modified_ms", "persistence_state", "blocks", "mount_id", "ufs_fingerprint")
    FILE_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    UFS_PATH_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    BLOCK_SIZE_FIELD_NUMBER: _ClassVar[int]
    CREATED_MS_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    PERSISTED_FIELD_NUMBER: _ClassVar[int]
    BLOCK_IDS_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_MS_FIELD_NUMBER: _ClassVar[int]
    PERSISTENCE_STATE_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    MOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    UFS_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    file_id: int
    path: str
    ufs_path: str
    length: int
    block_size: int
    created_ms: int
    completed: bool
    folder: bool
    pinned: bool
    persisted: bool
    block_ids: _containers.RepeatedScalarFieldContainer[int]
    modified_ms: int
    persistence_state: str
    blocks: _containers.RepeatedCompositeFieldContainer[FileBlock]
    mount_id: int
    ufs_fingerprint: str
    def __init__(self, file_id: _Optional[int] = ..., path: _Optional[str] = ..., ufs_path: _Optional[str] = ..., length: _Optional[int] = ..., block_size: _Optional[int] = ..., created_ms: _Optional[int] = ..., completed: _Optional[bool] = ..., folder: _Optional[bool] = ..., pinned: _Optional[bool] = ..., persisted: _Optional[bool] = ..., block_ids: _Optional[_Iterable[int]] = ..., modified_ms: _Optional[int] = ..., persistence_state: _Optional[str] = ..., blocks: _Optional[_Iterable[_Union[FileBlock, _Mapping]]] = ..., mount_id: _Optional[int] = ..., ufs_fingerprint: _Optional[str] = ...) -> None: ...

class ListStatusAnswer(_message.Message):
    __slots__ = ("infos",)
    INFOS_FIELD_NUMBER: _ClassVar[int]
    infos: _containers.RepeatedCompositeFieldContainer[FileInfo]
    def __init__(self, infos: _Optional[_Iterable[_Union[FileInfo, _Mapping]]] = ...) -> None: ...

class ListStatusPartialAnswer(_message.Message):
    __slots__ = ("infos", "truncated")
    INFOS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    infos: _containers.RepeatedCompositeFieldContainer[FileInfo]
    truncated: bool
    def __init__(self, infos: _Optional[_Iterable[_Union[FileInfo, _Mapping]]] = ..., truncated: _Optional[bool] = ...) -> None: ...

class GetStatusAnswer(_message.Message):
    __slots__ = ("info",)
    INFO_FIELD_NUMBER: _ClassVar[int]
    info: FileInfo
    def __init__(self, info: _Optional[_Union[FileInfo, _Mapping]] = ...) -> None: ...

class OpenUfsBlockOptions(_message.Message):
    __slots__ = ("ufs_path", "offset_in_file", "block_size", "max_ufs_read_concurrency", "mount_id", "no_cache")
    UFS_PATH_FIELD_NUMBER: _ClassVar[int]
    OFFSET_IN_FILE_FIELD_NUMBER: _ClassVar[int]
    BLOCK_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_UFS_READ_CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    MOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    NO_CACHE_FIELD_NUMBER: _ClassVar[int]
    ufs_path: str
    offset_in_file: int
    block_size: int
    max_ufs_read_concurrency: int
    mount_id: int
    no_cache: bool
    def __init__(self, ufs_path: _Optional[str] = ..., offset_in_file: _Optional[int] = ..., block_size: _Optional[int] = ..., max_ufs_read_concurrency: _Optional[int] = ..., mount_id: _Optional[int] = ..., no_cache: _Optional[bool] = ...) -> None: ...

class ReadRequest(_message.Message):
    __slots__ = ("block_id", "offset", "length", "promote", "chunk_size", "open_ufs_block_options", "offset_received")
    BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    PROMOTE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_SIZE_FIELD_NUMBER: _ClassVar[int]
    OPEN_UFS_BLOCK_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    OFFSET_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    block_id: int
    offset: int
    length: int
    promote: bool
    chunk_size: int
    open_ufs_block_options: OpenUfsBlockOptions
    offset_received: int
    def __init__(self, block_id: _Optional[int] = ..., offset: _Optional[int] = ..., length: _Optional[int] = ..., promote: _Optional[bool] = ..., chunk_size: _Optional[int] = ..., open_ufs_block_options: _Optional[_Union[OpenUfsBlockOptions, _Mapping]] = ..., offset_received: _Optional[int] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class ReadResponse(_message.Message):
    __slots__ = ("chunk",)
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    chunk: Chunk
    def __init__(self, chunk: _Optional[_Union[Chunk, _Mapping]] = ...) -> None: ...
