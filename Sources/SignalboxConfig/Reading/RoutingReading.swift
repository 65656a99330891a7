// What all routes share.
extension ConfigurationReading {
    mutating func readRouting() {
        guard let field = root["routing"], let section = Section(field, .routing) else { return }
        var routing = configuration.routing
        section.set(&routing.seed, "seed") { $0.integer(in: 0...Int.max).map { UInt64($0) } }
        section.set(&routing.queue, "queue", queue)
        section.set(&routing.affinity, "affinity", affinity)
        configuration.routing = routing
    }

    private func queue(_ field: Field) -> Configuration.Queue? {
        guard let section = Section(field, .queue) else { return nil }
        var queue = Configuration.Queue()
        section.set(&queue.requestsMax, "max") { $0.integer(in: 0...100_000) }
        section.set(&queue.wait, "wait") { $0.duration(in: .upToAnHour) }
        section.set(&queue.aging, "aging") { $0.duration(in: .upToAnHour) }
        return queue
    }

    private func affinity(_ field: Field) -> Configuration.Affinity? {
        guard let section = Section(field, .affinity) else { return nil }
        var affinity = Configuration.Affinity()
        section.set(&affinity.timeToLive, "ttl") { $0.duration(in: .seconds(1) ... .seconds(86_400)) }
        section.set(&affinity.sessionsMax, "sessions_max") { $0.integer(in: 1...10_000_000) }
        return affinity
    }
}
