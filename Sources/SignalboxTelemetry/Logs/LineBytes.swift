import Glibc
import SignalboxCore

/// The bytes of the line being written.
///
/// Memory of its own instead of `[UInt8]`: an array asks at every append whether anybody else holds it, and
/// a line is a hundred appends. This was half of what a line cost.
struct LineBytes: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private(set) var capacity: Int
    /// As the line before this one began: a busy program writes many lines a second.
    private var second = TimestampText.Second()

    init(capacity: Int = 1_024) {
        self.capacity = max(64, capacity)
        base = .allocate(capacity: self.capacity)
    }

    deinit {
        base.deallocate()
    }

    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        body(UnsafeBufferPointer(start: base, count: count))
    }

    mutating func removeAll() {
        count = 0
    }

    @inline(__always)
    private mutating func reserve(_ room: Int) {
        if capacity &- count < room { grow(room) }
    }

    @inline(never)
    private mutating func grow(_ room: Int) {
        capacity = max(capacity * 2, count + room)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count &+= 1
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        reserve(bytes.count)
        memcpy(base + count, start, bytes.count)
        count &+= bytes.count
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    /// `name` between `opening` and `closing`, two bytes at most each.
    @inline(__always)
    mutating func append(_ opening: StaticString, _ name: StaticString, _ closing: StaticString) {
        let (start, length, end) = (
            opening.utf8CodeUnitCount, name.utf8CodeUnitCount, closing.utf8CodeUnitCount
        )
        reserve(start &+ length &+ end)
        var place = base + count
        for index in 0..<start { place[index] = opening.utf8Start[index] }
        place += start
        memcpy(place, name.utf8Start, length)
        place += length
        for index in 0..<end { place[index] = closing.utf8Start[index] }
        count &+= start &+ length &+ end
    }

    /// What ``TimestampText`` writes of a second.
    mutating func append(secondSince1970 number: Int) {
        if second.number != number { second = TimestampText.Second(number) }
        reserve(TimestampText.Second.length)
        second.copy(to: base + count)
        count &+= TimestampText.Second.length
    }

    /// In decimal.
    mutating func append(_ value: Int) {
        reserve(20)
        if value < 0 { append(UInt8(ascii: "-")) }
        var magnitude = value.magnitude
        var digits = 1
        var bound: UInt = 10
        while digits < 19 && magnitude >= bound {
            digits += 1
            bound &*= 10
        }
        for index in stride(from: count &+ digits &- 1, through: count, by: -1) {
            base[index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: magnitude % 10)
            magnitude /= 10
        }
        count &+= digits
    }

    /// `value` with exactly so many digits, for what stands in columns.
    @inline(__always)
    mutating func append(_ value: Int, digits: Int) {
        reserve(digits)
        var rest = value
        for index in stride(from: count &+ digits &- 1, through: count, by: -1) {
            base[index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count &+= digits
    }

    /// Sixteen hexadecimal digits.
    mutating func appendHex(_ value: UInt64) {
        reserve(16)
        HexText.write(value, to: UnsafeMutableBufferPointer(start: base + count, count: 16), at: 0)
        count &+= 16
    }

    /// As the inside of a JSON string.
    mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var escaped: [UInt8] = []
        JSONText.appendEscaped(text, to: &escaped)
        escaped.withUnsafeBufferPointer { append($0) }
    }
}
