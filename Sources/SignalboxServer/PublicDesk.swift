import SignalboxConfig
import SignalboxCore
import SignalboxHTTP

/// What the public listener needs of a configuration. Immutable.
final class PublicDesk: Sendable {
    let callers: Callers
    /// The reply of `GET /v1/models`.
    let models: [UInt8]
    /// What a request for `/generate` gets that names no model.
    let defaultModel: String

    init(_ configuration: Configuration, startedAt: WallTime) {
        callers = Callers(configuration.tenants)
        let names = configuration.routes.map(\.model)
        models = ModelList(names, createdAt: startedAt).json
        defaultModel = names.first ?? ""
    }
}

/// The desk of each loop: read without a lock, and replaced, on that loop's thread.
final class PublicDesks: Sendable {
    // @unchecked: touched by its loop's thread only.
    private final class Place: @unchecked Sendable {
        var desk: PublicDesk

        init(_ desk: PublicDesk) {
            self.desk = desk
        }
    }

    private let places: [Place]

    init(_ desk: PublicDesk, loops: Int) {
        places = (0..<loops).map { _ in Place(desk) }
    }

    subscript(loop: EventLoop) -> PublicDesk {
        places[loop.index].desk
    }

    func replace(on loop: EventLoop, with desk: PublicDesk) {
        places[loop.index].desk = desk
    }
}
