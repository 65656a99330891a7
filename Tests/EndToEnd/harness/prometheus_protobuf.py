"""Prometheus' protobuf format, read by the official protobuf library: its messages declared by hand, from
`io/prometheus/client/metrics.proto`, since no published package carries them as they are today."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

Field = descriptor_pb2.FieldDescriptorProto
STRING, DOUBLE, UINT64 = Field.TYPE_STRING, Field.TYPE_DOUBLE, Field.TYPE_UINT64
UINT32, INT64, SINT32, SINT64 = Field.TYPE_UINT32, Field.TYPE_INT64, Field.TYPE_SINT32, Field.TYPE_SINT64

# message: (field, number, type or the name of a message, whether there may be many)
MESSAGES = {
    "LabelPair": [("name", 1, STRING, False), ("value", 2, STRING, False)],
    "Gauge": [("value", 1, DOUBLE, False)],
    "Counter": [
        ("value", 1, DOUBLE, False), ("exemplar", 2, "Exemplar", False),
        ("created_timestamp", 3, "Timestamp", False)],
    "Quantile": [("quantile", 1, DOUBLE, False), ("value", 2, DOUBLE, False)],
    "Summary": [
        ("sample_count", 1, UINT64, False), ("sample_sum", 2, DOUBLE, False),
        ("quantile", 3, "Quantile", True), ("created_timestamp", 4, "Timestamp", False)],
    "Untyped": [("value", 1, DOUBLE, False)],
    "Histogram": [
        ("sample_count", 1, UINT64, False), ("sample_count_float", 4, DOUBLE, False),
        ("sample_sum", 2, DOUBLE, False), ("bucket", 3, "Bucket", True),
        ("created_timestamp", 15, "Timestamp", False), ("schema", 5, SINT32, False),
        ("zero_threshold", 6, DOUBLE, False), ("zero_count", 7, UINT64, False),
        ("zero_count_float", 8, DOUBLE, False), ("negative_span", 9, "BucketSpan", True),
        ("negative_delta", 10, SINT64, True), ("negative_count", 11, DOUBLE, True),
        ("positive_span", 12, "BucketSpan", True), ("positive_delta", 13, SINT64, True),
        ("positive_count", 14, DOUBLE, True), ("exemplars", 16, "Exemplar", True)],
    "Bucket": [
        ("cumulative_count", 1, UINT64, False), ("cumulative_count_float", 4, DOUBLE, False),
        ("upper_bound", 2, DOUBLE, False), ("exemplar", 3, "Exemplar", False)],
    "BucketSpan": [("offset", 1, SINT32, False), ("length", 2, UINT32, False)],
    "Exemplar": [
        ("label", 1, "LabelPair", True), ("value", 2, DOUBLE, False),
        ("timestamp", 3, "Timestamp", False)],
    "Metric": [
        ("label", 1, "LabelPair", True), ("gauge", 2, "Gauge", False), ("counter", 3, "Counter", False),
        ("summary", 4, "Summary", False), ("untyped", 5, "Untyped", False),
        ("histogram", 7, "Histogram", False), ("timestamp_ms", 6, INT64, False)],
    "MetricFamily": [
        ("name", 1, STRING, False), ("help", 2, STRING, False), ("type", 3, "MetricType", False),
        ("metric", 4, "Metric", True), ("unit", 5, STRING, False)],
}
TYPES = ["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM"]
PACKAGE = "io.prometheus.client"


def _declare():
    pool = descriptor_pool.DescriptorPool()
    timestamp = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(timestamp)
    pool.Add(timestamp)
    file = descriptor_pb2.FileDescriptorProto(
        name="io/prometheus/client/metrics.proto", package=PACKAGE, syntax="proto2",
        dependency=[timestamp.name])
    kinds = file.enum_type.add(name="MetricType")
    for number, name in enumerate(TYPES):
        kinds.value.add(name=name, number=number)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, is_repeated in fields:
            label = Field.LABEL_REPEATED if is_repeated else Field.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, int):
                added.type = kind
            elif kind == "MetricType":
                added.type, added.type_name = Field.TYPE_ENUM, f".{PACKAGE}.{kind}"
            else:
                added.type = Field.TYPE_MESSAGE
                added.type_name = f".google.protobuf.{kind}" if kind == "Timestamp" else f".{PACKAGE}.{kind}"
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.MetricFamily"))


MetricFamily = _declare()


def families(body: bytes) -> list:
    """Every family of an exposition; a field that the messages do not have is an error."""
    found, place = [], 0
    while place < len(body):
        length, shift = 0, 0
        while True:
            byte = body[place]
            place += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        assert place + length <= len(body), "the last message is cut off"
        family = MetricFamily.FromString(body[place:place + length])
        assert family.SerializeToString(deterministic=True) == _without_unknown(family), family.name
        found.append(family)
        place += length
    return found


def _without_unknown(family) -> bytes:
    copy = MetricFamily()
    copy.CopyFrom(family)
    copy.DiscardUnknownFields()
    return copy.SerializeToString(deterministic=True)


def kind(family) -> str:
    return TYPES[family.type].lower()


def labels(metric) -> dict:
    return {pair.name: pair.value for pair in metric.label}


def spelled(bound: float) -> str:
    """As `le` has it."""
    return "+Inf" if bound == float("inf") else str(float(bound))


def samples(body: bytes) -> dict:
    """The samples that the text formats have for the same content."""
    found = {}

    def note(name, pairs, value):
        key = (name, frozenset(pairs.items()))
        assert key not in found, key
        found[key] = value

    for family in families(body):
        for metric in family.metric:
            pairs = labels(metric)
            if kind(family) != "histogram":
                note(family.name, pairs, getattr(metric, kind(family)).value)
                continue
            note(family.name + "_count", pairs, metric.histogram.sample_count)
            note(family.name + "_sum", pairs, metric.histogram.sample_sum)
            for bucket in metric.histogram.bucket:
                bound = {"le": spelled(bucket.upper_bound)}
                note(family.name + "_bucket", pairs | bound, bucket.cumulative_count)
    return found


def native_buckets(histogram) -> dict:
    """The counts of a histogram's native buckets by their upper bound; the zero bucket's by its own."""
    counts = {histogram.zero_threshold: histogram.zero_count} if histogram.zero_count else {}
    place, count, deltas = 0, 0, iter(histogram.positive_delta)
    for span in histogram.positive_span:
        place += span.offset
        for _ in range(span.length):
            count += next(deltas)
            if count:
                counts[2.0 ** (place * 2.0 ** -histogram.schema)] = count
            place += 1
    assert next(deltas, None) is None, "more counts than buckets"
    return counts
