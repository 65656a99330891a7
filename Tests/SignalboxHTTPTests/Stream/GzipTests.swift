import SignalboxCore
import SignalboxHTTP
import SignalboxTesting
import Testing

@Suite struct GzipTests {
    private func packed(_ bytes: [UInt8], level: Int32 = 6) throws -> [UInt8] {
        try #require(Gzip.compress(bytes, level: level))
    }

    @Test(arguments: [0, 1, 100, 65_535, 65_536, 65_537, 131_072, 1_000_000])
    func `what was compressed comes back, random or regular`(size: Int) throws {
        var random = FastRandom(seed: UInt64(size))
        let noise = (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        for bytes in [noise, [UInt8](repeating: 0x61, count: size)] {
            for level: Int32 in [1, 6, 9] {
                let small = try packed(bytes, level: level)
                #expect(small.starts(with: [0x1F, 0x8B]))
                #expect(try Gzip.decompress(small, bytesMax: size) == bytes)
            }
        }
    }

    @Test func `data cut at any byte is truncated, never a shorter whole`() throws {
        let whole = try packed(Array("the quick brown fox jumps over the lazy dog, again and again".utf8))
        for length in 0..<whole.count {
            #expect(throws: GzipError.truncated, "cut at \(length)") {
                try Gzip.decompress(Array(whole[..<length]), bytesMax: 1_000)
            }
        }
    }

    @Test func `data cut just where a full buffer ends is truncated, too`() throws {
        let whole = try packed([UInt8](repeating: 7, count: 3 * 65_536))
        for length in 0..<whole.count {
            #expect(throws: GzipError.truncated) {
                try Gzip.decompress(Array(whole[..<length]), bytesMax: 1 << 20)
            }
        }
    }

    @Test func `a bomb goes off no further than the limit`() throws {
        let bomb = try packed([UInt8](repeating: 0, count: 20 << 20))
        #expect(bomb.count < 50_000)
        for limit in [0, 1, 65_536, 1 << 20] {
            #expect(throws: GzipError.tooLarge(limit: limit)) {
                try Gzip.decompress(bomb, bytesMax: limit)
            }
        }
    }

    @Test func `output of just the limit passes, one byte more does not`() throws {
        let bytes = [UInt8](repeating: 1, count: 70_000)
        #expect(try Gzip.decompress(packed(bytes), bytesMax: 70_000) == bytes)
        #expect(throws: GzipError.tooLarge(limit: 69_999)) {
            try Gzip.decompress(packed(bytes), bytesMax: 69_999)
        }
    }

    @Test func `a damaged byte of the content or its check never yields other content`() throws {
        let bytes = Array("some content that is checked by a sum".utf8)
        let whole = try packed(bytes)
        for place in 10..<whole.count {
            var damaged = whole
            damaged[place] ^= 0x10
            // The last bits before the check are padding, which may be anything.
            let result = try? Gzip.decompress(damaged, bytesMax: 1_000)
            #expect(result == nil || result == bytes, "byte \(place)")
        }
    }

    @Test func `bytes after the end, or no gzip at all, are corrupt`() throws {
        let whole = try packed([1, 2, 3])
        for bytes in [whole + [0], whole + whole, Array("plain text, no gzip".utf8)] {
            #expect(throws: GzipError.corrupt) { try Gzip.decompress(bytes, bytesMax: 1_000) }
        }
    }
}
