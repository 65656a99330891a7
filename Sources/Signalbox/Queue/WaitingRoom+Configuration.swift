import SignalboxConfig

extension WaitingRoom.Settings {
    init(_ queue: Configuration.Queue) {
        self.init(waitersMax: queue.requestsMax, wait: queue.wait, aging: queue.aging)
    }
}
