import Glibc

/// What the system says about this process, read from `/proc/self`. A value that cannot be read is absent.
struct ProcessStatistics: Sendable, Equatable {
    var cpuSeconds: Double?
    var residentBytes: Double?
    var virtualBytes: Double?
    var openDescriptors: Double?
    var descriptorsMax: Double?
    var startTimeSeconds: Double?

    static func read() -> ProcessStatistics {
        var statistics = ProcessStatistics()
        let bootTime = Self.bootTime(in: contents(of: "/proc/stat"))
        statistics.parse(
            stat: contents(of: "/proc/self/stat"), bootTime: bootTime,
            ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
            pageBytes: Double(sysconf(Int32(_SC_PAGESIZE))))
        statistics.openDescriptors = countDescriptors()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            statistics.descriptorsMax = Double(limit.rlim_cur)
        }
        return statistics
    }

    /// The fields of `/proc/self/stat` after the program's name, which may itself hold spaces and parentheses.
    mutating func parse(stat: String, bootTime: Double?, ticksPerSecond: Double, pageBytes: Double) {
        guard let nameEnd = stat.utf8.lastIndex(of: UInt8(ascii: ")")) else { return }
        let fields = stat[stat.utf8.index(after: nameEnd)...].split(whereSeparator: \.isWhitespace)
        // proc(5) numbers the fields from 1, and the state, number 3, comes first here.
        func field(_ number: Int) -> Double? {
            fields.indices.contains(number - 3) ? Double(fields[number - 3]) : nil
        }
        if let user = field(14), let system = field(15) { cpuSeconds = (user + system) / ticksPerSecond }
        if let start = field(22), let bootTime { startTimeSeconds = bootTime + start / ticksPerSecond }
        virtualBytes = field(23)
        residentBytes = field(24).map { $0 * pageBytes }
    }

    static func bootTime(in systemStat: String) -> Double? {
        let line = systemStat.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private static func countDescriptors() -> Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var entries = 0
        while readdir(directory) != nil { entries += 1 }
        // `.`, `..` and the directory that is open for the counting.
        return Double(max(0, entries - 3))
    }

    private static func contents(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        let bytesMax = 1 << 20
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < bytesMax {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
