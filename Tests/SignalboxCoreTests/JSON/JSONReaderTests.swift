import SignalboxCore
import SignalboxTesting
import Testing

@Suite struct JSONReaderTests {
    /// Every value in the order in which it begins, containers by their members and elements alone.
    private static func walk(_ bytes: [UInt8]) throws(JSONSyntaxError) -> [String] {
        try JSONReader.read(bytes) { reader throws(JSONSyntaxError) in
            var found: [String] = []
            try walkValue(&reader, bytes, into: &found)
            return found
        }
    }

    private static func walkValue(
        _ reader: inout JSONReader, _ bytes: [UInt8], into found: inout [String]
    ) throws(JSONSyntaxError) {
        if try reader.beginObject() {
            found.append("{")
            while try reader.nextMember() != nil { try walkValue(&reader, bytes, into: &found) }
            found.append("}")
        } else if try reader.beginArray() {
            found.append("[")
            while try reader.nextElement() { try walkValue(&reader, bytes, into: &found) }
            found.append("]")
        } else {
            found.append(String(decoding: bytes[try reader.skip().range], as: UTF8.self))
        }
    }

    private static func verdict(_ bytes: [UInt8]) -> JSONSyntaxError? {
        do throws(JSONSyntaxError) {
            _ = try walk(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test func `members and elements come in order, at every depth`() throws {
        let text = #" { "a" : [ 1 , { "b" : [ ] , "c" : { } } , "x" ] , "d" : null } "#
        #expect(
            try Self.walk(Array(text.utf8)) == [
                "{", "[", "1", "{", "[", "]", "{", "}", "}", #""x""#, "]", "null", "}",
            ])
    }

    @Test func `a value that is no container is left for whoever skips it`() throws {
        let bytes = Array(#"{"a":[7],"b":"x"}"#.utf8)
        let found = try JSONReader.read(bytes) { reader throws(JSONSyntaxError) in
            var found: [JSONKind] = []
            guard try reader.beginObject() else { return found }
            while let key = try reader.nextMember() {
                if key.isNamed("a", in: bytes), try reader.beginObject() { return [] }
                found.append(try reader.skip().kind)
            }
            return found
        }
        #expect(found == [.array, .string])
    }

    @Test(arguments: 1...400) func `walking a damaged text gives the verdict of scanning it`(seed: UInt64) {
        var sample = JSONSample(seed: seed)
        let whole = Array(sample.object().utf8)
        #expect(Self.verdict(whole) == nil)
        let bytes = sample.damaged(whole)
        var scanned: JSONSyntaxError?
        do throws(JSONSyntaxError) { _ = try JSONScan.value(scanning: bytes) } catch { scanned = error }
        #expect(Self.verdict(bytes)?.reason == scanned?.reason, "\(String(decoding: bytes, as: UTF8.self))")
    }

    @Test(arguments: [
        "{", "[1,]", "[,1]", "[1 2]", #"{"a":1,}"#, #"{,"a":1}"#, #"{"a" 1}"#, "[1]]", "", "[1}",
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(Self.verdict(Array(text.utf8)) != nil)
    }

    @Test func `nesting is bounded, whoever steps in`() {
        let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(Self.verdict(Array(deepest.utf8)) == nil)
        #expect(Self.verdict(Array("[\(deepest)]".utf8))?.reason == .tooDeep)
        let skipped = #"{"a":\#(deepest)}"#
        #expect(throws: JSONSyntaxError.self) {
            try JSONReader.read(Array(skipped.utf8)) { reader throws(JSONSyntaxError) in
                guard try reader.beginObject() else { return }
                while try reader.nextMember() != nil { try reader.skip() }
            }
        }
    }
}
