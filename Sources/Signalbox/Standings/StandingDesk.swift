import SignalboxCore
import SignalboxRouting
import Synchronization

/// Where it is remembered how providers do between requests: limits, rests, breakers, health.
///
/// In memory today. It is narrow so that many instances can share it one day: each operation is atomic, and
/// says all that it needs.
protocol StandingStore: Sendable {
    /// The desk of the provider of this name, the same one for as long as anybody has it: a reload finds what
    /// was known before.
    func desk(of provider: String) -> any StandingDesk
    /// A tenant's, the same one for as long as anybody has it, with these limits from now on.
    func allowance(of tenant: String, _ limits: StandingSettings.Limits) -> any AllowanceDesk
    /// Of all providers whose desk somebody has, by their desks' numbers.
    var names: [Int: String] { get }
}

/// One provider's place in a ``StandingStore``.
protocol StandingDesk: AnyObject, Sendable {
    /// Small, and nobody else's as long as anybody has the desk.
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
    func keyChecked(_ key: Int, _ verdict: CheckedKey, at now: Instant) -> [StandingChange]
    func status(at now: Instant) -> ProviderStatus
}

/// What one tenant may still ask for.
protocol AllowanceDesk: AnyObject, Sendable {
    func admit(tokens: Int, at now: Instant) -> Allowance.Admission
    func settle(_ ticket: Allowance.Ticket, tokensUsed: Int?, at now: Instant)
}

/// The memory of this process.
final class MemoryStandings: StandingStore {
    /// Whoever has the provider in its configuration has its desk: what no configuration in use names is
    /// forgotten, and its number given to another.
    private struct DeskPlace {
        let name: String
        weak var desk: MemoryDesk?
    }

    private struct AllowancePlace {
        weak var allowance: MemoryAllowance?
    }

    private let desks = Mutex<[DeskPlace]>([])
    private let allowances = Mutex<[String: AllowancePlace]>([:])

    func desk(of provider: String) -> any StandingDesk {
        desks.withLock { desks in
            for place in desks where place.name == provider {
                if let known = place.desk { return known }
            }
            let free = desks.firstIndex { $0.desk == nil } ?? desks.count
            let desk = MemoryDesk(number: free)
            let place = DeskPlace(name: provider, desk: desk)
            if free < desks.count { desks[free] = place } else { desks.append(place) }
            return desk
        }
    }

    func allowance(of tenant: String, _ limits: StandingSettings.Limits) -> any AllowanceDesk {
        let desk = allowances.withLock { allowances in
            if let known = allowances[tenant]?.allowance { return known }
            allowances = allowances.filter { $0.value.allowance != nil }
            let desk = MemoryAllowance()
            allowances[tenant] = AllowancePlace(allowance: desk)
            return desk
        }
        desk.adopt(limits)
        return desk
    }

    var names: [Int: String] {
        desks.withLock { desks in
            var names: [Int: String] = [:]
            for (number, place) in desks.enumerated() where place.desk != nil { names[number] = place.name }
            return names
        }
    }
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

    func keyChecked(_ key: Int, _ verdict: CheckedKey, at now: Instant) -> [StandingChange] {
        standing.withLock { $0.keyChecked(key, verdict, at: now) }
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
