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

    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
