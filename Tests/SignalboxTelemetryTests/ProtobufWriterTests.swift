import Testing

@testable import SignalboxTelemetry

/// The expected bytes are those of the encoding's own description, or were written by the official library.
@Suite struct ProtobufWriterTests {
    @Test(
        arguments: [
            (0, [0x08, 0x00]), (1, [0x08, 0x01]), (127, [0x08, 0x7F]), (128, [0x08, 0x80, 0x01]),
            (150, [0x08, 0x96, 0x01]), (16_384, [0x08, 0x80, 0x80, 0x01]),
            (.max, [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        ] as [(UInt64, [UInt8])])
    func `a number takes seven bits a byte`(value: UInt64, expected: [UInt8]) {
        #expect(Self.bytes { $0.uint(1, value) } == expected)
    }

    @Test func `the number of a field beyond 15 takes a second byte`() {
        #expect(Self.bytes { $0.uint(16, 1) } == [0x80, 0x01, 0x01])
        #expect(Self.bytes { $0.bool(536_870_911, true) } == [0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 0x01])
    }

    @Test(
        arguments: [
            (0, [0x08, 0x00]), (-1, [0x08, 0x01]), (1, [0x08, 0x02]), (-2, [0x08, 0x03]),
            (-64, [0x08, 0x7F]),
            (64, [0x08, 0x80, 0x01]),
            (.min, [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        ] as [(Int64, [UInt8])])
    func `a signed number folds its sign into the lowest bit`(value: Int64, expected: [UInt8]) {
        #expect(Self.bytes { $0.sint(1, value) } == expected)
    }

    @Test func `a negative int is its two's complement in ten bytes`() {
        #expect(
            Self.bytes { $0.int(1, -2) }
                == [0x08, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])
    }

    @Test func `fixed fields are little-endian`() {
        #expect(Self.bytes { $0.double(3, 1) } == [0x19, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
        #expect(Self.bytes { $0.fixed64(1, 0x0102_0304_0506_0708) } == [0x09, 8, 7, 6, 5, 4, 3, 2, 1])
        #expect(Self.bytes { $0.fixed32(1, 0x0102_0304) } == [0x0D, 4, 3, 2, 1])
    }

    @Test func `text is its UTF-8 behind its length`() {
        #expect(Self.bytes { $0.string(2, "testing") } == [0x12, 7] + Array("testing".utf8))
        #expect(Self.bytes { $0.string(2, "é🚂") } == [0x12, 6, 0xC3, 0xA9, 0xF0, 0x9F, 0x9A, 0x82])
        #expect(Self.bytes { $0.string(2, "") } == [0x12, 0])
        #expect(Self.bytes { $0.bytes(2, [0, 0xFF]) } == [0x12, 2, 0, 0xFF])
    }

    @Test func `a message stands behind its length`() {
        #expect(Self.bytes { $0.message(3) { $0.uint(1, 150) } } == [0x1A, 3, 0x08, 0x96, 0x01])
        #expect(Self.bytes { $0.message(3) { _ in } } == [0x1A, 0])
        #expect(Self.bytes { $0.delimited { $0.uint(1, 150) } } == [3, 0x08, 0x96, 0x01])
    }

    @Test(arguments: [0, 1, 124, 125, 126, 127, 128, 16_379, 16_380, 16_381, 16_382, 2_097_151, 2_097_160])
    func `a message of any length stands whole behind it`(length: Int) throws {
        let text = String(repeating: "x", count: length)
        var writer = ProtobufWriter()
        writer.uint(7, 7)
        writer.message(1) { outer in
            outer.message(2) { $0.string(3, text) }
            outer.uint(4, 5)
        }
        writer.uint(8, 8)
        let fields = try ProtobufFields(writer.bytes)
        #expect(fields.uints(7) == [7])
        #expect(fields.uints(8) == [8])
        let outer = try #require(try fields.messages(1).first)
        #expect(outer.uints(4) == [5])
        #expect(try outer.messages(2).first?.strings(3) == [text])
    }

    @Test func `packed values share one tag, and none are no field`() throws {
        #expect(
            Self.bytes { $0.packed(6, uints: [3, 270, 86_942]) }
                == [0x32, 6, 0x03, 0x8E, 0x02, 0x9E, 0xA7, 0x05])
        #expect(Self.bytes { $0.packed(1, sints: [1, -1]) } == [0x0A, 2, 2, 1])
        #expect(Self.bytes { $0.packed(1, fixed64s: [1]) } == [0x0A, 8, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(Self.bytes { $0.packed(1, doubles: [1]) } == [0x0A, 8, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
        let none = Self.bytes {
            $0.packed(1, uints: [])
            $0.packed(1, sints: [])
            $0.packed(1, fixed64s: [])
            $0.packed(1, doubles: [])
        }
        #expect(none.isEmpty)
    }

    @Test func `what was taken is gone from the writer`() {
        var writer = ProtobufWriter()
        writer.uint(1, 1)
        #expect(writer.take() == [0x08, 1])
        #expect(writer.bytes.isEmpty)
        writer.uint(1, 2)
        writer.removeAll()
        #expect(writer.bytes.isEmpty)
    }

    private static func bytes(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        write(&writer)
        return writer.bytes
    }
}
