import SignalboxCore
import SignalboxProviders
import Testing

@testable import SignalboxServer

@Suite struct ValidateRequestTests {
    private static let key = "sk-a-key-of-ours"

    private func complaint(_ body: String) -> ErrorObject? {
        do throws(RequestError) {
            _ = try ValidateRequest(Array(body.utf8))
            return nil
        } catch {
            return error.object
        }
    }

    @Test func `a request is read`() throws {
        let request = try ValidateRequest(
            Array(
                #"""
                {"provider":"gigachat","api_key":"k","scope":"GIGACHAT_API_B2B","folder_id":"f",
                "models":["a","b"],"stream":true}
                """#.utf8))
        #expect(request.provider == "gigachat")
        #expect(request.key.reveal() == "k")
        #expect(request.scope == .business)
        #expect(request.folder == "f")
        #expect(request.models == ["a", "b"])
        #expect(request.isStreaming)
    }

    @Test func `null is what is not there`() throws {
        let body =
            #"{"provider":"p","api_key":"k","scope":null,"folder_id":null,"models":null,"stream":null}"#
        let request = try ValidateRequest(Array(body.utf8))
        #expect(request.scope == nil && request.folder == nil)
        #expect(request.models.isEmpty && !request.isStreaming)
    }

    @Test(arguments: [("PERS", GigaChatScope.personal), ("auto", .auto), ("GIGACHAT_API_CORP", .corporate)])
    func `a scope has our name or the vendor's`(name: String, scope: GigaChatScope) throws {
        let body = #"{"provider":"p","api_key":"k","scope":"\#(name)"}"#
        #expect(try ValidateRequest(Array(body.utf8)).scope == scope)
    }

    @Test(arguments: [
        (#""#, "invalid_json"), (#"[]"#, "invalid_json"), (#""sk-a-key-of-ours""#, "invalid_json"),
        (#"{"api_key":"sk-a-key-of-ours"}"#, "missing_required_parameter"),
        (#"{"provider":"openai"}"#, "missing_required_parameter"),
        (#"{"provider":"openai","api_key":["sk-a-key-of-ours"]}"#, "invalid_type"),
        (#"{"provider":"openai","api_key":""}"#, "invalid_type"),
        (#"{"provider":"p","api_key":"sk-a-key-of-ours","scope":"sk-a-key-of-ours"}"#, "invalid_value"),
        (#"{"provider":"p","api_key":"sk-a-key-of-ours","models":"sk-a-key-of-ours"}"#, "invalid_type"),
        (#"{"provider":"p","api_key":"sk-a-key-of-ours","models":[1]}"#, "invalid_type"),
        (#"{"provider":"p","api_key":"sk-a-key-of-ours","stream":"sk-a-key-of-ours"}"#, "invalid_type"),
        (#"{"provider":"p","api_key":"sk-a-key-of-ours","key":"x"}"#, "unknown_parameter"),
        (#"{"provider":"p","api_key":"k","sk-a-key-of-ours":"x"}"#, "unknown_parameter"),
        (#"{sk-a-key-of-ours"#, "invalid_json"),
    ]) func `a mistake is explained without a value`(body: String, code: String) throws {
        let object = try #require(complaint(body))
        #expect(object.code == code)
        #expect(object.status == 400)
        #expect(!String(decoding: object.json, as: UTF8.self).contains(Self.key))
    }

    @Test func `unknown fields are named`() throws {
        let object = try #require(complaint(#"{"provider":"p","api_key":"k","region":"x","zone":"y"}"#))
        #expect(object.message.contains("`region`, `zone` are not known"))
        #expect(object.parameter == "region")
        #expect(object.message.contains("api_key, scope, folder_id"))
    }
}
