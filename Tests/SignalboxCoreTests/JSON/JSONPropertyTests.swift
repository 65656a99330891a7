import Foundation
import SignalboxCore
import SignalboxTesting
import Testing

@Suite struct JSONPropertyTests {
    @Test(arguments: 1...200) func `a random object has the members that Foundation sees`(seed: UInt64) throws
    {
        var sample = JSONSample(seed: seed)
        let bytes = Array(sample.object().utf8)
        let fields = try JSONFields(scanning: bytes)
        let oracle = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(Set(fields.all.map(\.name)) == Set(oracle.keys))
        for (name, value) in fields.all {
            let piece = Data(bytes[value.range])
            let parsed = try JSONSerialization.jsonObject(with: piece, options: .fragmentsAllowed)
            #expect((parsed as? NSObject) == (oracle[name] as? NSObject))
            if value.kind == .string {
                #expect(JSONScan.string(at: value, in: bytes) == oracle[name] as? String)
            }
        }
    }

    @Test(arguments: 1...400) func `a damaged object gets the verdict that Foundation gives`(seed: UInt64) {
        var sample = JSONSample(seed: seed)
        let bytes = sample.damaged(Array(sample.object().utf8))
        guard JSONOracle.isStrict(about: bytes) else { return }
        let isAccepted = (try? JSONFields(scanning: bytes)) != nil
        #expect(isAccepted == JSONOracle.accepts(bytes), "\(String(decoding: bytes, as: UTF8.self))")
    }

    @Test(arguments: 1...200) func `what was spliced in is found again, and the rest is unchanged`(
        seed: UInt64
    ) throws {
        var sample = JSONSample(seed: seed)
        let fields = try JSONFields(scanning: Array(sample.object().utf8))
        var splice = JSONSplice(fields)
        splice.set("model0", to: .string("новая \"модель\""))
        splice.remove("stream1")
        splice.set("added", to: .integer(7))
        let edited = try JSONFields(scanning: splice.build())
        #expect(edited.string("model0") == "новая \"модель\"")
        #expect(edited.integer("added") == 7)
        #expect(edited["stream1"] == nil)
        let untouched = fields.all.filter { !["model0", "stream1", "added"].contains($0.name) }
        let kept = edited.all.filter { !["model0", "stream1", "added"].contains($0.name) }
        #expect(untouched.map { fields.bytes[$0.value.range] } == kept.map { edited.bytes[$0.value.range] })
    }

    @Test func `every truncation of an object is refused`() throws {
        let text = Array(#"{"a":"é\u00e9🚂","b":[1.5e3,true,{"c":null}],"d":-0}"#.utf8)
        _ = try JSONFields(scanning: text)
        for length in 0..<text.count {
            #expect(throws: JSONSyntaxError.self) { try JSONFields(scanning: Array(text[..<length])) }
        }
    }
}

/// Foundation's verdict, and where it can be trusted.
enum JSONOracle {
    static func accepts(_ bytes: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(bytes))) is [String: Any]
    }

    /// Foundation guesses UTF-16 from zero bytes, takes a byte order mark, and refuses lone surrogates and numbers
    /// that overflow, all of which the grammar sees otherwise.
    static func isStrict(about bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        let hasExponent = text.firstMatch(of: /[0-9]e[+-]?[0-9]{2}/) != nil
        return !bytes.contains(0) && bytes.first != 0xEF && !text.contains("\\ud") && !hasExponent
    }
}
