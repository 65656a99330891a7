import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders

/// `POST /v1/keys/validate`: asks a provider whether a key is good, and tells as it goes.
struct ValidateEndpoint: Sendable {
    let validators: Validators
    /// Whose providers may be named.
    let router: Router
    let events: ServerEvents

    /// For one check of a key.
    private static let timeout = Duration.seconds(10)

    var endpoint: AdminEndpoint {
        AdminEndpoint(.post, "/v1/keys/validate", for: .administration) { exchange, id in
            await answer(exchange, id)
        }
    }

    private func answer(_ exchange: Exchange, _ id: String) async {
        let request: ValidateRequest
        do throws(RequestError) {
            guard exchange.body.count <= ValidateRequest.bytesMax else {
                return exchange.respond(tooLarge, id)
            }
            request = try ValidateRequest(exchange.body)
        } catch {
            return exchange.respond(error.object.reply, id)
        }
        guard let subject = subject(of: request) else { return exchange.respond(unknownProvider, id) }
        let wantsEvents =
            request.isStreaming || exchange.header("accept")?.contains("text/event-stream") == true
        if wantsEvents, !subject.isRead {
            await stream(request, subject, exchange, id)
        } else {
            exchange.respond(await whole(request, subject, id, progress: nil), id)
        }
    }

    // MARK: Who is asked

    private enum Subject: Sendable {
        case configured(Configuration.Provider)
        case kind(ProviderKind)
        case bedrock

        var isRead: Bool {
            if case .bedrock = self { true } else { false }
        }
    }

    /// A configured provider goes before a kind of the same name: it says where to ask.
    private func subject(of request: ValidateRequest) -> Subject? {
        if let found = router.configuration.providers.first(where: { $0.name == request.provider }) {
            return .configured(found)
        }
        if request.provider == Validators.bedrock { return .bedrock }
        return ProviderKind(rawValue: request.provider).map(Subject.kind)
    }

    private func ask(
        _ request: ValidateRequest, _ subject: Subject, progress: Validators.Progress?
    ) async throws(ValidationMistake) -> KeyValidation {
        switch subject {
        case .configured(let provider):
            try await validators.validate(
                provider, key: request.key, scope: request.scope, folder: request.folder,
                models: request.models, timeout: Self.timeout, progress: progress)
        case .kind(let kind):
            try await validators.validate(
                kind, key: request.key, scope: request.scope, folder: request.folder,
                models: request.models, timeout: Self.timeout, progress: progress)
        case .bedrock: validators.validate(bedrock: request.key)
        }
    }

    // MARK: Answers

    /// 200 with every verdict.
    private func whole(
        _ request: ValidateRequest, _ subject: Subject, _ id: String, progress: Validators.Progress?
    ) async -> Reply {
        do throws(ValidationMistake) {
            let found = try await ask(request, subject, progress: progress)
            events.validated(found, id)
            return .json(200, found.json)
        } catch {
            if error == .busy { events.validationRefused() }
            return Self.reply(to: error)
        }
    }

    private enum Event: Sendable {
        case progress(KeyProbeProgress)
        case end(Reply)
    }

    /// The head goes out with the first event, so that what was never begun still has a status of its own.
    private func stream(
        _ request: ValidateRequest, _ subject: Subject, _ exchange: Exchange, _ id: String
    ) async {
        let (told, feed) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingNewest(KeyProbeRequest.countMax + 1))
        async let work: Void = {
            feed.yield(.end(await whole(request, subject, id) { feed.yield(.progress($0)) }))
            feed.finish()
        }()
        var stream: ReplyStream?
        for await event in told {
            switch event {
            case .end(let reply) where reply.status != 200: exchange.respond(reply, id)
            case .end(let reply):
                let sink = stream ?? Self.begin(exchange, id)
                await Self.write("result", reply.body, to: sink)
                sink.finish()
            case .progress(let progress):
                let sink = stream ?? Self.begin(exchange, id)
                stream = sink
                await Self.write("progress", progress.json.json, to: sink)
            }
        }
        await work
    }

    private static func begin(_ exchange: Exchange, _ id: String) -> ReplyStream {
        exchange.stream(
            status: 200,
            headers: [
                ("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"),
                ("x-request-id", id),
            ])
    }

    private static func write(_ name: String, _ data: [UInt8], to sink: ReplyStream) async {
        let line = data.last == 0x0A ? Array(data.dropLast()) : data
        let event = Array("event: \(name)\ndata: ".utf8) + line + Array("\n\n".utf8)
        do throws(ClientGone) {
            try await sink.write(event)
        } catch {
            return  // it has left: the task is cancelled, and the check with it
        }
    }

    // MARK: Refusals

    private static func reply(to mistake: ValidationMistake) -> Reply {
        let message = "The key was not asked about: \(mistake)."
        switch mistake {
        case .busy:
            var reply = ErrorObject(
                status: 429, type: "rate_limit_error", code: "too_many_validations", message: message
            ).reply
            reply.headers.append(("retry-after", "1"))
            return reply
        case .folderMissing:
            return ErrorObject.invalid(
                message, code: "missing_required_parameter", parameter: "folder_id"
            ).reply
        case .noProvider, .baseURLMissing, .addressMalformed:
            return ErrorObject.invalid(message, code: "invalid_value", parameter: "provider").reply
        case .tooManyModels:
            return ErrorObject.invalid(message, code: "invalid_value", parameter: "models").reply
        case .timeoutOutOfRange: return ErrorObject.invalid(message, code: "invalid_value").reply
        }
    }

    private var unknownProvider: Reply {
        let names = router.configuration.providers.map(\.name).prefix(50)
        let kinds = ProviderKind.allCases.filter(\.isNetworked).map(\.rawValue) + [Validators.bedrock]
        return ErrorObject.invalid(
            "No provider and no kind is called that. Providers: \(names.joined(separator: ", ")). "
                + "Kinds: \(kinds.joined(separator: ", ")).", code: "unknown_provider", parameter: "provider"
        ).reply
    }

    private var tooLarge: Reply {
        ErrorObject(
            status: 413, type: "invalid_request_error", code: "body_too_large",
            message: "The request body is larger than \(ValidateRequest.bytesMax) bytes."
        ).reply
    }
}

extension KeyProbeProgress {
    fileprivate var json: JSONTree {
        .object(["scope": .string(scope), "current": .integer(current), "total": .integer(total)])
    }
}
