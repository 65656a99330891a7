package import SignalboxCore
package import SignalboxStore

/// Brings records again to the webhooks that had them, or should have. Their ids stay, so that a receiver
/// who has them already counts them once.
package struct UsageReplay: Sendable {
    /// What is brought again.
    package enum Wish: Sendable, Equatable {
        /// One delivery that was given up, by its id.
        case deadLetter(String)
        /// All of an endpoint that were given up.
        case deadLetters(endpoint: String)
        /// A tenant's records from one sequence to another.
        case sequences(tenant: String, ClosedRange<Int64>)
        /// A tenant's records from the first to the last that ended in that time: what was written down
        /// between them comes too.
        case time(tenant: String, from: WallTime, to: WallTime)
    }

    package struct Result: Sendable, Equatable {
        package var deliveries: [Delivery.Header] = []
        /// What to ask for next where there is more than one call does.
        package var rest: Wish?

        package var records: Int { deliveries.reduce(0) { $0 + $1.records } }
    }

    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// No webhook is configured for it.
        case noWebhook(String)
        case store(StoreError)

        package var description: String {
            switch self {
            case .noWebhook(let tenant): "tenant \(tenant) has no webhook that records could be sent to"
            case .store(let error): "\(error)"
            }
        }
    }

    /// Deliveries that one call makes pending: the rest is for the next.
    package static let deliveriesMax = 200

    private let store: UsageStore
    private let deliveries: (any UsageDeliveries)?

    package init(store: UsageStore, deliveries: (any UsageDeliveries)?) {
        self.store = store
        self.deliveries = deliveries
    }

    /// - Throws: ``Failure``; what was made pending before it stays so.
    package func callAsFunction(_ wish: Wish) async throws(Failure) -> Result {
        defer { deliveries?.wake() }
        do {
            switch wish {
            case .deadLetter(let id):
                return Result(deliveries: [try await store.replay(deadLetter: id)])
            case .deadLetters(let endpoint): return try await deadLetters(of: endpoint)
            case .sequences(let tenant, let range): return try await records(of: tenant, range)
            case .time(let tenant, let from, let to):
                let filter = LedgerFilter(tenant: tenant, from: from, to: to)
                guard let range = try await store.sequences(filter) else {
                    _ = try form(of: tenant)
                    return Result()
                }
                return try await records(of: tenant, range)
            }
        } catch let failure as Failure {
            throw failure
        } catch let error as StoreError {
            throw .store(error)
        } catch {
            preconditionFailure("nothing else is thrown: \(error)")
        }
    }

    private func deadLetters(of endpoint: String) async throws -> Result {
        guard store.standing(of: endpoint) != nil else { throw StoreError.unknown("endpoint \(endpoint)") }
        var result = Result()
        for header in try await store.deadLetters(endpoint: endpoint, limit: Self.deliveriesMax + 1) {
            if result.deliveries.count == Self.deliveriesMax {
                result.rest = .deadLetters(endpoint: endpoint)
                break
            }
            result.deliveries.append(try await store.replay(deadLetter: header.id))
        }
        return result
    }

    private func form(of tenant: String) throws -> (endpoint: String, form: ReplayForm) {
        let endpoint = store.standings.first { $0.tenant == tenant && $0.isRegistered }?.name
        guard let endpoint, let form = deliveries?.form(of: endpoint) else {
            throw Failure.noWebhook(tenant)
        }
        return (endpoint, form)
    }

    private func records(of tenant: String, _ range: ClosedRange<Int64>) async throws -> Result {
        let (endpoint, form) = try form(of: tenant)
        var result = Result()
        var first = range.lowerBound
        while first <= range.upperBound {
            if result.deliveries.count == Self.deliveriesMax {
                result.rest = .sequences(tenant: tenant, first...range.upperBound)
                break
            }
            let header = try await store.replay(
                endpoint: endpoint, first: first, last: range.upperBound, recordsMax: form.recordsMax,
                bytesMax: form.bytesMax, encode: form.encode)
            guard let header else { break }
            result.deliveries.append(header)
            guard header.last < range.upperBound else { break }
            first = header.last + 1
        }
        return result
    }
}
