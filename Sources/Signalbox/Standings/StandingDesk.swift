import SignalboxCore
import SignalboxRouting
import Synchronization

/// Where it is remembered how providers do between requests: limits, rests, breakers, health.
///
/// In memory today. It is narrow so that many instances can share it one day: each operation is atomic, and
/// says all that it needs.
protocol StandingStore: Sendable {
    /// The desk of the provider of this name, always the same one: a reload finds what was known before.
    func desk(of provider: String) -> any StandingDesk
    /// A tenant's, always the same one, with these limits from now on.
    func allowance(of tenant: String, _ limits: StandingSettings.Limits) -> any AllowanceDesk
    /// Of all providers that ever had a desk, by their desks' numbers.
    var names: [String] { get }
}

/// One provider's place in a ``StandingStore``.
protocol StandingDesk: AnyObject, Sendable {
    /// Stable for the life of the process, and small.
    var number: Int { get }

    func adopt(
        _ settings: StandingSettings, keys: [KeyIdentity], models: [String], at now: Instant
    ) -> Places
    func admit(key: Int, model: Int, tokens: Int, at now: Instant) -> Admission
    func settle(_ ticket: Ticket, _ ending: AttemptEnding, at now: Instant) -> [StandingChange]
    /// Gives back what was reserved for an attempt that was never made.
    func release(_ ticket: Ticket, at now: Instant)
    func peek(key: Int, model: Int, tokens: Int, at now: Instant) -> Outlook
    func view(tokens: Int, at now: Instant) -> ProviderView
    func keyChecked(_ key: Int, isGood: Bool, at now: Instant) -> [StandingChange]
    func status(at now: Instant) -> ProviderStatus
}

/// What one tenant may still ask for.
protocol AllowanceDesk: AnyObject, Sendable {
    func admit(tokens: Int, at now: Instant) -> Allowance.Admission
    func settle(_ ticket: Allowance.Ticket, tokensUsed: Int?, at now: Instant)
}

/// The memory of this process.
final class MemoryStandings: StandingStore {
    private let desks = Mutex<[(name: String, desk: MemoryDesk)]>([])
    private let allowances = Mutex<[String: MemoryAllowance]>([:])

    func desk(of provider: String) -> any StandingDesk {
        desks.withLock { desks in
            if let known = desks.first(where: { $0.name == provider }) { return known.desk }
            let desk = MemoryDesk(number: desks.count)
            desks.append((provider, desk))
            return desk
        }
    }

    func allowance(of tenant: String, _ limits: StandingSettings.Limits) -> any AllowanceDesk {
        let desk = allowances.withLock { allowances in
            let desk = allowances[tenant] ?? MemoryAllowance()
            allowances[tenant] = desk
            return desk
        }
        desk.adopt(limits)
        return desk
    }

    var names: [String] { desks.withLock { $0.map(\.name) } }
}

/// Each operation holds the lock for one pure call, some hundred nanoseconds.
final class MemoryDesk: StandingDesk {
    let number: Int
    private let standing = Mutex(ProviderStanding(StandingSettings()))

    init(number: Int) {
        self.number = number
    }

    func adopt(
        _ settings: StandingSettings, keys: [KeyIdentity], models: [String], at now: Instant
    ) -> Places {
        standing.withLock { $0.adopt(settings, keys: keys, models: models, at: now) }
    }

    func admit(key: Int, model: Int, tokens: Int, at now: Instant) -> Admission {
        standing.withLock { $0.admit(key: key, model: model, tokens: tokens, at: now) }
    }

    func settle(_ ticket: Ticket, _ ending: AttemptEnding, at now: Instant) -> [StandingChange] {
        standing.withLock { $0.settle(ticket, ending, at: now) }
    }

    func release(_ ticket: Ticket, at now: Instant) {
        standing.withLock { $0.release(ticket, at: now) }
    }

    func peek(key: Int, model: Int, tokens: Int, at now: Instant) -> Outlook {
        standing.withLock { $0.peek(key: key, model: model, tokens: tokens, at: now) }
    }

    func view(tokens: Int, at now: Instant) -> ProviderView {
        standing.withLock { $0.view(tokens: tokens, at: now) }
    }

    func keyChecked(_ key: Int, isGood: Bool, at now: Instant) -> [StandingChange] {
        standing.withLock { $0.keyChecked(key, isGood: isGood, at: now) }
    }

    func status(at now: Instant) -> ProviderStatus {
        standing.withLock { $0.status(at: now) }
    }
}

final class MemoryAllowance: AllowanceDesk {
    private let allowance = Mutex(Allowance())

    func adopt(_ limits: StandingSettings.Limits) {
        allowance.withLock { $0.adopt(limits) }
    }

    func admit(tokens: Int, at now: Instant) -> Allowance.Admission {
        allowance.withLock { $0.admit(tokens: tokens, at: now) }
    }

    func settle(_ ticket: Allowance.Ticket, tokensUsed: Int?, at now: Instant) {
        allowance.withLock { $0.settle(ticket, tokensUsed: tokensUsed, at: now) }
    }
}
