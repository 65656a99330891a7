import Synchronization

extension MetricRegistry {
    /// Exports `process_*`, read once per scrape.
    public func registerProcessMetrics() {
        let latest = Latest()
        beforeScrape { latest.refresh() }
        counter(Catalogue.processCPU).series(reading: { latest.statistics.cpuSeconds })
        gauge(Catalogue.processResidentMemory).series(reading: { latest.statistics.residentBytes })
        gauge(Catalogue.processVirtualMemory).series(reading: { latest.statistics.virtualBytes })
        gauge(Catalogue.processOpenDescriptors).series(reading: { latest.statistics.openDescriptors })
        gauge(Catalogue.processDescriptorsMax).series(reading: { latest.statistics.descriptorsMax })
        gauge(Catalogue.processStartTime).series(reading: { latest.statistics.startTimeSeconds })
    }

    /// Exports how many lines `writer` had to drop.
    public func registerLogMetrics(of writer: LogWriter) {
        counter(Catalogue.logLinesDropped).series(reading: { Double(writer.linesDropped) })
    }
}

/// What the current scrape has read.
private final class Latest: Sendable {
    private let known = Mutex(ProcessStatistics())

    var statistics: ProcessStatistics {
        known.withLock { $0 }
    }

    func refresh() {
        let fresh = ProcessStatistics.read()
        known.withLock { $0 = fresh }
    }
}
