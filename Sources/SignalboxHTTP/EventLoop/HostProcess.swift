import CLinux
import Glibc

/// What a daemon asks of the process it runs in.
public enum HostProcess {
    /// Prepares the process for many sockets and large bodies. Once, before any thread is started.
    public static func prepare() {
        // A peer that hangs up is an error of one write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        raiseDescriptorLimit()
    }

    /// How many cores this process may run on, which containers and `taskset` limit. 1 to 64.
    public static var availableCores: Int {
        min(max(1, Int(signalbox_available_cores())), 64)
    }

    /// Resident memory of the process, from `/proc/self/statm`; 0 where that cannot be read.
    public static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "re") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let fields = line.prefix { $0 != 0 }.split(separator: 0x20)
        guard fields.count > 1 else { return 0 }
        let pages = Int(String(decoding: fields[1].map { UInt8(bitPattern: $0) }, as: UTF8.self)) ?? 0
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
