"""libparoattn_cuda_c.so through ctypes: mirrors of the problem structs, checked against the library before first use."""

import ctypes
from ctypes import POINTER, byref, c_char, c_char_p, c_float, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

BLOCK = 64

# element.h, front.h
F32, F16, BF16 = 0, 1, 2
NORM_NONE, NORM_RMS, NORM_LAYER = 0, 1, 2
PAIRING_NONE, PAIRING_INTERLEAVED, PAIRING_HALF = 0, 1, 2


class PackedOperands(ctypes.Structure):
    _fields_ = [
        ("element", c_int),
        ("batch", c_int),
        ("heads", c_int),
        ("key_heads", c_int),
        ("head_dim", c_int),
        ("query_tokens", c_int),
        ("key_tokens", c_int),
        ("query_blocks", c_int),
        ("key_blocks", c_int),
        ("scale", c_float),
        ("query", c_void_p),
        ("key", c_void_p),
        ("value", c_void_p),
        ("key_counts", c_void_p),
        ("query_rows", c_void_p),
        ("order_choice", c_void_p),
    ]


class WorkItem(ctypes.Structure):
    _fields_ = [("head", c_uint32), ("query_block", c_uint32)]


class AttentionProblem(ctypes.Structure):
    _fields_ = [
        ("operands", PackedOperands),
        ("mask", c_void_p),
        ("mask_batch", c_int),
        ("mask_words", c_int),
        ("items", c_void_p),
        ("item_count", c_int),
        ("output_element", c_int),
        ("output", c_void_p),
        ("row_scale", c_void_p),
        ("residual", c_void_p),
        ("log_sum_exp", c_void_p),
        ("counter", c_void_p),
        ("cancelled", c_void_p),
    ]


class Projection(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("batch_stride", c_int64), ("token_stride", c_int64)]


class FrontProblem(ctypes.Structure):
    _fields_ = [
        ("input_element", c_int),
        ("query", Projection),
        ("key", Projection),
        ("value", Projection),
        ("key_value_heads", c_int),
        ("key_rows", c_void_p),
        ("key_lengths", c_void_p),
        ("norm", c_int),
        ("epsilon", c_float),
        ("query_weight", c_void_p),
        ("key_weight", c_void_p),
        ("query_bias", c_void_p),
        ("key_bias", c_void_p),
        ("pairing", c_int),
        ("cosine", c_void_p),
        ("sine", c_void_p),
        ("query_factor", c_float),
        ("packed", PackedOperands),
    ]


class StatisticsProblem(ctypes.Structure):
    _fields_ = [
        ("operands", PackedOperands),
        ("log_sum_exp", c_void_p),
        ("epsilon", c_float),
        ("sum", c_void_p),
        ("maximum", c_void_p),
        ("small_count", c_void_p),
        ("cancelled", c_void_p),
    ]


class DeviceFacts(ctypes.Structure):
    _fields_ = [
        ("name", c_char * 256),
        ("capability_major", c_int32),
        ("capability_minor", c_int32),
        ("multiprocessors", c_int32),
        ("l2_bytes", c_int32),
        ("shared_bytes_per_block", c_int32),
        ("shared_bytes_per_multiprocessor", c_int32),
        ("driver_version", c_int32),
        ("runtime_version", c_int32),
        ("memory_bytes", c_uint64),
    ]


class WorkOrderProblem(ctypes.Structure):
    _fields_ = [
        ("words", c_void_p),
        ("mask_batch", c_int32),
        ("heads", c_int32),
        ("query_blocks", c_int32),
        ("key_blocks", c_int32),
        ("batch", c_int32),
        ("key_heads", c_int32),
        ("head_dim", c_int32),
        ("key_counts", c_void_p),
    ]


class LayerMasks(ctypes.Structure):
    _fields_ = [
        ("words", c_void_p),
        ("items", c_void_p),
        ("layers", c_int32),
        ("words_per_layer", c_int32),
        ("items_per_layer", c_int32),
    ]


class DeviceMask(ctypes.Structure):
    _fields_ = [("words", c_void_p), ("items", c_void_p), ("item_count", c_int)]


STRUCTS = [
    PackedOperands,
    WorkItem,
    AttentionProblem,
    Projection,
    FrontProblem,
    StatisticsProblem,
    DeviceFacts,
    WorkOrderProblem,
    LayerMasks,
    DeviceMask,
]


def mirrored_layouts(structs=None):
    """What paroattn_layouts() should say, from the mirrors above."""
    lines = []
    for struct in STRUCTS if structs is None else structs:
        lines.append(f"{struct.__name__} {ctypes.sizeof(struct)}")
        for name, _ in struct._fields_:
            field = getattr(struct, name)
            lines.append(f"{struct.__name__}.{name} {field.offset} {field.size}")
    return "\n".join(lines) + "\n"


class CudaError(RuntimeError):
    """A call of the library failed. `code`: a cudaError_t, or -1 for what was refused on the host."""

    def __init__(self, function, code, text):
        super().__init__(f"{function}: {text} ({code})")
        self.code = code


class Library:
    """The functions of c_api.h. Pointers are integers (tensor.data_ptr()); a stream is one too, 0 for the default."""

    def __init__(self, path):
        self._library = ctypes.CDLL(path)
        for name in ("layouts", "last_error"):
            getattr(self._library, f"paroattn_{name}").restype = c_char_p
        for name in ("error_name", "error_text"):
            function = getattr(self._library, f"paroattn_{name}")
            function.restype, function.argtypes = c_char_p, [c_int]
        self._declare("device_facts", c_int, POINTER(DeviceFacts))
        self._declare("attention", POINTER(AttentionProblem), c_void_p)
        self._declare("front", POINTER(FrontProblem), c_void_p)
        self._declare("block_statistics", POINTER(StatisticsProblem), c_void_p)
        self._declare("attention_reference", POINTER(AttentionProblem))
        self._declare("front_reference", POINTER(FrontProblem))
        self._declare("block_statistics_reference", POINTER(StatisticsProblem))
        self._declare("work_order", POINTER(WorkOrderProblem), c_void_p, c_int, POINTER(c_int))
        self._declare("prefetch_create", POINTER(LayerMasks), POINTER(c_void_p))
        self._declare("prefetch_acquire", c_void_p, c_int, c_void_p, POINTER(DeviceMask))
        self._library.paroattn_prefetch_destroy.restype = None
        self._library.paroattn_prefetch_destroy.argtypes = [c_void_p]
        self._declare("allocate", POINTER(c_void_p), c_size_t)
        self._declare("free", c_void_p)
        self._declare("copy_to_device", c_void_p, c_void_p, c_size_t)
        self._declare("copy_to_host", c_void_p, c_void_p, c_size_t)
        self._declare("synchronize")
        self._check_layouts()
        self.emulated = bool(self._library.paroattn_emulated())

    def _declare(self, name, *arguments):
        function = getattr(self._library, f"paroattn_{name}")
        function.restype, function.argtypes = c_int, list(arguments)

    def _check_layouts(self):
        native = self.layouts().splitlines()
        mirrored = mirrored_layouts().splitlines()
        different = [pair for pair in zip(mirrored, native) if pair[0] != pair[1]]
        if different or len(native) != len(mirrored):
            where = f"{different[0][0]!r} here, {different[0][1]!r} there" if different else "their counts differ"
            raise RuntimeError(f"The structs of library.py do not match the library: {where}")

    def layouts(self):
        return self._library.paroattn_layouts().decode()

    def call(self, name, *arguments):
        """Calls paroattn_NAME; raises CudaError unless it returns 0."""
        code = getattr(self._library, f"paroattn_{name}")(*arguments)
        if code == 0:
            return
        if code == -1:
            text = self._library.paroattn_last_error().decode()
        else:
            text = self._library.paroattn_error_text(code).decode()
        raise CudaError(f"paroattn_{name}", code, text)

    def device_facts(self, device=0):
        facts = DeviceFacts()
        self.call("device_facts", device, byref(facts))
        values = {name: getattr(facts, name) for name, _ in DeviceFacts._fields_}
        return {**values, "name": facts.name.decode()}

    def packed_head_dim(self, head_dim):
        return self._library.paroattn_packed_head_dim(head_dim)

    def work_order(self, problem, items, capacity):
        """Work items into host memory at `items`; returns how many."""
        count = c_int(0)
        self.call("work_order", byref(problem), items, capacity, byref(count))
        return count.value

    def prefetch_create(self, masks):
        prefetch = c_void_p()
        self.call("prefetch_create", byref(masks), byref(prefetch))
        return prefetch

    def prefetch_acquire(self, prefetch, layer, stream=0):
        mask = DeviceMask()
        self.call("prefetch_acquire", prefetch, layer, stream, byref(mask))
        return mask

    def prefetch_destroy(self, prefetch):
        self._library.paroattn_prefetch_destroy(prefetch)

    def attention(self, problem, stream=0):
        self.call("attention", byref(problem), stream)

    def front(self, problem, stream=0):
        self.call("front", byref(problem), stream)

    def block_statistics(self, problem, stream=0):
        self.call("block_statistics", byref(problem), stream)
