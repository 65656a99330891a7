/// The process as the system sees it, under the names that every Prometheus client uses.
extension Catalogue {
    static let process: [MetricDefinition] = [
        processCPU, processResidentMemory, processVirtualMemory, processOpenDescriptors,
        processDescriptorsMax, processStartTime,
    ]

    public static let processCPU = MetricDefinition(
        "process_cpu_seconds_total", .counter, unit: .seconds,
        help: "User and system CPU time spent, in seconds.")

    public static let processResidentMemory = MetricDefinition(
        "process_resident_memory_bytes", .gauge, unit: .bytes, help: "Resident memory size in bytes.")

    public static let processVirtualMemory = MetricDefinition(
        "process_virtual_memory_bytes", .gauge, unit: .bytes, help: "Virtual memory size in bytes.")

    public static let processOpenDescriptors = MetricDefinition(
        "process_open_fds", .gauge, help: "Number of open file descriptors.")

    public static let processDescriptorsMax = MetricDefinition(
        "process_max_fds", .gauge, help: "Maximum number of open file descriptors.")

    public static let processStartTime = MetricDefinition(
        "process_start_time_seconds", .gauge, unit: .seconds,
        help: "When the process started, in seconds since 1970.")
}
