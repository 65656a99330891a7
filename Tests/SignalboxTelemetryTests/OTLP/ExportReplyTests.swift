import SignalboxCore
import Testing

@testable import SignalboxTelemetry

@Suite struct ExportReplyTests {
    private func response(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        write(&writer)
        return writer.take()
    }

    @Test func `a partial success says how many were rejected and why`() {
        let body = response { response in
            response.uint(15, 1)
            response.fixed64(9, 1)
            response.fixed32(10, 1)
            response.message(1) { part in
                part.int(1, 3)
                part.string(2, "too old")
                part.string(7, "from the future")
            }
        }
        let part = ExportReply.partialSuccess(in: body)
        #expect(part == ExportReply.PartialSuccess(rejected: 3, message: "too old"))
    }

    @Test func `a message alone is a warning`() {
        let body = response { $0.message(1) { $0.string(2, "slow down") } }
        #expect(ExportReply.partialSuccess(in: body)?.rejected == 0)
        #expect(ExportReply.partialSuccess(in: body)?.message == "slow down")
    }

    @Test func `without anything said all was taken`() {
        #expect(ExportReply.partialSuccess(in: []) == nil)
        #expect(ExportReply.partialSuccess(in: response { $0.message(1) { _ in } }) == nil)
        #expect(ExportReply.partialSuccess(in: response { $0.message(1) { $0.int(1, 0) } }) == nil)
        #expect(ExportReply.partialSuccess(in: response { $0.message(1) { $0.int(1, -5) } }) == nil)
    }

    @Test func `a refusal's message is read, and cut`() {
        let body = response { status in
            status.int(1, 3)
            status.string(2, String(repeating: "x", count: 2_000))
        }
        #expect(ExportReply.statusMessage(in: body)?.utf8.count == ExportReply.messageBytesMax)
        #expect(ExportReply.statusMessage(in: Array("<html>Bad Gateway</html>".utf8)) == nil)
        #expect(ExportReply.statusMessage(in: []) == nil)
    }

    @Test func `no bytes whatever make the reader stumble`() {
        var random = FastRandom(seed: 7)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            _ = ExportReply.partialSuccess(in: bytes)
            _ = ExportReply.statusMessage(in: bytes)
        }
        let whole = response { $0.message(1) { $0.string(2, "whole") } }
        for count in whole.indices { #expect(ExportReply.partialSuccess(in: Array(whole[..<count])) == nil) }
    }
}
