import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct ValidatorsTests {
    private static let models = #"{"data":[{"id":"large"},{"id":"small"}]}"#
    private static let refusal = #"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#
    private static let unknownModel = #"{"error":{"message":"no such model","code":"model_not_found"}}"#
    private let key = Secret("sk-a-key-of-ours")

    /// Asks a vendor of the kind `openai` that answers so.
    private func validate(
        models: [String] = [], timeout: Duration = .seconds(10),
        _ answer: @escaping @Sendable (RawMessage, Int) -> ScriptedVendor.Answer
    ) async throws -> (found: KeyValidation, asked: [String]) {
        let vendor = try ScriptedVendor(answer)
        defer { vendor.stop() }
        let validators = try Validators()
        let found = try await validators.validate(
            .openai, key: key, baseURL: vendor.origin + "/v1", models: models, timeout: timeout)
        await validators.shutdown()
        return (found, vendor.asked)
    }

    // MARK: Verdicts

    @Test func `one good verdict is believed`() async throws {
        let (found, asked) = try await validate { _, _ in (200, Self.models) }
        #expect(found.verdict == .good)
        #expect(found.isConfirmed)
        #expect(asked == ["GET /v1/models"])
        #expect(found.requests == 1)
        #expect(found.elapsed > .zero)
    }

    @Test func `a key is called bad when two verdicts agree`() async throws {
        let (found, asked) = try await validate { _, _ in (401, Self.refusal) }
        #expect(found.verdict == .bad)
        #expect(found.report.state == .invalid)
        #expect(found.isConfirmed)
        #expect(asked.count == 2 && found.requests == 2)
    }

    @Test func `a vendor that errs once takes no key out`() async throws {
        let (found, _) = try await validate { _, number in
            number == 0 ? (401, Self.refusal) : (200, Self.models)
        }
        #expect(found.verdict == .good)
        #expect(found.report.state == .valid)
    }

    @Test(arguments: [503, 429, 200]) func `a refusal that is not said again is not confirmed`(
        second: Int
    ) async throws {
        let (found, _) = try await validate { _, number in
            number == 0 ? (401, Self.refusal) : (second, "busy")
        }
        #expect(found.verdict == .unclear)
        #expect(found.report.state == .invalid)
        #expect(!found.isConfirmed)
        #expect(found.json["confirmed"] == .bool(false))
        #expect(found.json["valid"] == nil)
    }

    @Test func `two different refusals are no confirmation`() async throws {
        let (found, _) = try await validate { _, number in
            number == 0
                ? (401, Self.refusal) : (429, #"{"error":{"message":"no","code":"insufficient_quota"}}"#)
        }
        #expect(found.verdict == .unclear)
        #expect(found.report.state == .noCredit)
    }

    @Test func `who says nothing is asked once`() async throws {
        let (found, asked) = try await validate { _, _ in (503, "busy") }
        #expect(found.verdict == .unclear)
        #expect(found.report.state == .providerDown)
        #expect(asked.count == 1)
    }

    @Test func `who hangs up says nothing of the key`() async throws {
        let (found, _) = try await validate { _, _ in nil }
        #expect(found.report.state == .providerDown)
        #expect(found.report.code == .networkTimeout)
    }

    @Test func `verdicts are not shared between two kinds with the same key`() async throws {
        let vendor = try ScriptedVendor { request, _ in
            request.firstLine.contains("/groq/") ? (200, Self.models) : (401, Self.refusal)
        }
        defer { vendor.stop() }
        let validators = try Validators()
        let bad = try await validators.validate(.openai, key: key, baseURL: vendor.origin + "/openai")
        let good = try await validators.validate(.groq, key: key, baseURL: vendor.origin + "/groq")
        #expect(bad.verdict == .bad)
        #expect(good.verdict == .good)
        await validators.shutdown()
    }

    // MARK: Models

    @Test func `a model on the list is listed, and one that is not is asked for by its name`() async throws {
        let (found, asked) = try await validate(models: ["large", "hidden", "none"]) { request, _ in
            if request.firstLine.contains("/models/hidden") { return (200, #"{"id":"hidden"}"#) }
            if request.firstLine.contains("/models/none") { return (404, Self.unknownModel) }
            return (200, Self.models)
        }
        #expect(found.models.map(\.access) == [.listed, .listed, .notListed])
        #expect(asked == ["GET /v1/models", "GET /v1/models/hidden", "GET /v1/models/none"])
        #expect(found.requests == 3)
    }

    @Test func `of a model that nobody speaks of nothing is told`() async throws {
        let (found, _) = try await validate(models: ["other"]) { request, _ in
            request.firstLine.contains("/other") ? (502, "<html>") : (200, Self.models)
        }
        #expect(found.verdict == .good)
        #expect(found.models.map(\.access) == [.notTold])
    }

    @Test func `a refused key is not asked about with models`() async throws {
        let (found, asked) = try await validate(models: ["large"]) { _, _ in (401, Self.refusal) }
        #expect(found.models.map(\.access) == [.notTold])
        #expect(asked == ["GET /v1/models", "GET /v1/models"])
    }

    @Test func `an Ollama model goes by its name without a tag, too`() async throws {
        let vendor = try ScriptedVendor { request, _ in
            guard request.header("authorization") != nil else { return (401, #"{"error":"unauthorized"}"#) }
            return (200, #"{"models":[{"name":"llama3:latest"}]}"#)
        }
        defer { vendor.stop() }
        let validators = try Validators()
        let found = try await validators.validate(
            .ollama, key: key, baseURL: vendor.origin, models: ["llama3", "llama2"])
        #expect(found.models.map(\.access) == [.listed, .notListed])
        await validators.shutdown()
    }

    @Test func `a YandexGPT model goes by its short name, too`() async throws {
        let vendor = try ScriptedVendor { request, _ in
            request.header("authorization") == nil
                ? (401, #"{"error":{"grpcCode":16,"message":"no"}}"#)
                : (200, #"{"data":[{"id":"gpt://b1g/yandexgpt-lite/latest"}]}"#)
        }
        defer { vendor.stop() }
        let validators = try Validators()
        let found = try await validators.validate(
            .yandexgpt, key: key, folder: "b1g", baseURL: vendor.origin,
            models: ["yandexgpt-lite", "yandexgpt-lite/latest", "gpt://b1g/yandexgpt-lite", "yandexgpt"])
        #expect(found.models.map(\.access) == [.listed, .listed, .listed, .notListed])
        await validators.shutdown()
    }

    // MARK: Configured providers

    @Test func `a configured provider is asked at its address with its headers`() async throws {
        let vendor = try ScriptedVendor { _, _ in (200, Self.models) }
        defer { vendor.stop() }
        var provider = Configuration.Provider(
            name: "ours", kind: .openai, baseURL: BaseURL(vendor.origin + "/proxy"), models: ["large"])
        provider.headers = [
            Configuration.Header(name: "x-team", value: Secret("blue")),
            Configuration.Header(name: "authorization", value: Secret("Bearer other")),
        ]
        let validators = try Validators()
        let found = try await validators.validate(provider, key: key)
        #expect(found.provider == "ours")
        #expect(found.verdict == .good)
        #expect(vendor.asked == ["GET /proxy/models"])
        #expect(vendor.messages[0].header("x-team") == "blue")
        #expect(vendor.messages[0].header("authorization") == "Bearer sk-a-key-of-ours")
        await validators.shutdown()
    }

    @Test func `a secret header that the vendor repeats is not told`() async throws {
        let team = "team-secret-of-ours"
        let vendor = try ScriptedVendor { _, _ in
            (403, #"{"error":{"message":"\#(team) may not, nor SK-A-KEY-OF-OURS","code":"\#(team)"}}"#)
        }
        defer { vendor.stop() }
        var provider = Configuration.Provider(
            name: "ours", kind: .openai, baseURL: BaseURL(vendor.origin), models: ["large"])
        provider.headers = [Configuration.Header(name: "x-team-token", value: Secret(team))]
        let validators = try Validators()
        let found = try await validators.validate(provider, key: key)
        #expect(found.report.state == .missingScope)
        #expect(!found.json.text.contains(team))
        #expect(!found.json.text.lowercased().contains("sk-a-key"))
        await validators.shutdown()
    }

    // MARK: Mistakes and limits

    @Test func `what cannot be asked is a mistake that does not repeat the key`() async throws {
        let validators = try Validators()
        func mistake(_ body: () async throws(ValidationMistake) -> KeyValidation) async -> ValidationMistake?
        {
            do throws(ValidationMistake) {
                _ = try await body()
                return nil
            } catch {
                return error
            }
        }
        let found = [
            await mistake { () throws(ValidationMistake) in try await validators.validate(.mock, key: key) },
            await mistake { () throws(ValidationMistake) in
                try await validators.validate(.openAICompatible, key: key)
            },
            await mistake { () throws(ValidationMistake) in
                try await validators.validate(.openai, key: key, baseURL: "sk-a-key-of-ours")
            },
            await mistake { () throws(ValidationMistake) in
                try await validators.validate(.yandexgpt, key: key)
            },
            await mistake { () throws(ValidationMistake) in
                try await validators.validate(.openai, key: key, timeout: .seconds(61))
            },
            await mistake { () throws(ValidationMistake) in
                try await validators.validate(
                    .openai, key: key, models: Array(repeating: "m", count: Validators.modelsMax + 1))
            },
        ]
        let expected: [ValidationMistake?] = [
            .noProvider(.mock), .baseURLMissing(.openAICompatible), .addressMalformed,
            .folderMissing(.yandexgpt), .timeoutOutOfRange, .tooManyModels,
        ]
        #expect(found == expected)
        #expect(!found.contains { "\($0, default: "")".contains(key.reveal()) })
        await validators.shutdown()
    }

    @Test func `more than sixteen at once are refused, and room comes back`() async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let held = Mutex(0)
        let vendor = try ScriptedVendor { _, _ in (429, "") }
        defer { vendor.stop() }
        let slow = try RawServer { socket in
            let isLast = held.withLock { count in
                count += 1
                return count == Validators.inFlightMax
            }
            if isLast { opening.finish() }
            _ = socket.readToEnd()
        }
        defer { slow.stop() }
        let validators = try Validators()
        let key = key
        let waiting = Task {
            await withTaskGroup(of: KeyState?.self) { group in
                for _ in 0..<Validators.inFlightMax {
                    group.addTask {
                        do {
                            return try await validators.validate(
                                .openai, key: key, baseURL: "http://127.0.0.1:\(slow.port)",
                                timeout: .seconds(60)
                            ).report.state
                        } catch {
                            return nil
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        for await _ in gate {}
        await #expect(throws: ValidationMistake.busy) {
            try await validators.validate(.openai, key: key, baseURL: vendor.origin)
        }
        // Given up by whoever waits: nothing was learnt, and all the room is there again.
        waiting.cancel()
        #expect(await waiting.value == Array(repeating: KeyState.unknown, count: Validators.inFlightMax))
        let after = try await validators.validate(.openai, key: key, baseURL: vendor.origin)
        #expect(after.verdict == .unclear)
        await validators.shutdown()
    }

    @Test func `nobody is asked about a key of Bedrock`() throws {
        let validators = try Validators()
        let found = validators.validate(bedrock: Secret("ABSKfake"))
        #expect(found.verdict == .unclear)
        #expect(found.requests == 0)
        #expect(found.json["attempts_count"]?.integer == 0)
    }
}
