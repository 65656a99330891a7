// swift-tools-version: 6.2
import PackageDescription

// The floors of the house: a target names only targets that stand below it here. TidyTests holds every file
// to it.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

func room(_ name: String, over below: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: below, swiftSettings: strict)
}

func tests(_ name: String, of subjects: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: subjects, exclude: exclude, swiftSettings: strict)
}

/// Through which an embedder's own logs, metrics and spans come out of ours.
let facades: [Target.Dependency] = [
    .product(name: "Logging", package: "swift-log"),
    .product(name: "CoreMetrics", package: "swift-metrics"),
    .product(name: "Tracing", package: "swift-distributed-tracing"),
]

let package = Package(
    name: "signalbox",
    products: [
        .executable(name: "signalbox", targets: ["SignalboxCLI"]),
        .executable(name: "signalbox-fakes", targets: ["SignalboxFakes"]),
        .library(
            name: "Signalbox",
            targets: [
                "Signalbox", "SignalboxConfig", "SignalboxRouting", "SignalboxUsage", "SignalboxHTTP",
                "SignalboxTelemetry", "SignalboxCore",
            ]),
        .library(name: "SignalboxTesting", targets: ["SignalboxTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // 0: C libraries, as installed by the system
        .systemLibrary(name: "CLinux"),
        .systemLibrary(
            name: "CMicrohttpd", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CMimalloc", providers: [.apt(["libmimalloc-dev"])]),
        // the compiler's own libFuzzer, where a build of signalbox-fuzz links it
        .systemLibrary(name: "CFuzzer"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // 1
        room("SignalboxCore"),
        // 2
        room("SignalboxTelemetry", over: ["SignalboxCore"] + facades),
        // 3
        room(
            "SignalboxHTTP",
            over: [
                "SignalboxCore", "SignalboxTelemetry", "CLinux", "CMicrohttpd", "CCurl", "CZlib",
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        room(
            "SignalboxStore",
            over: [
                "SignalboxCore", "SignalboxTelemetry", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        // 4
        room("SignalboxProviders", over: ["SignalboxCore"]),
        room(
            "SignalboxRouting",
            over: ["SignalboxCore", .product(name: "HeapModule", package: "swift-collections")]),
        room(
            "SignalboxUsage",
            over: [
                "SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP", "SignalboxStore",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        room(
            "SignalboxKeys",
            over: [
                "SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ]),
        // 5
        room("SignalboxConfig", over: ["SignalboxCore", "SignalboxProviders", "SignalboxUsage", "Yams"]),
        // 6
        room(
            "Signalbox",
            over: [
                "SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP", "SignalboxProviders",
                "SignalboxRouting", "SignalboxKeys", "SignalboxStore", "SignalboxUsage", "SignalboxConfig",
            ]),
        room(
            "SignalboxServer",
            over: [
                "SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP", "SignalboxStore",
                "SignalboxProviders",
                "SignalboxConfig", "Signalbox",
            ]),
        room(
            "SignalboxDemo",
            over: [
                "SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP", "SignalboxProviders",
                "SignalboxConfig",
            ]),
        // 7
        .executableTarget(
            name: "SignalboxCLI",
            dependencies: [
                "SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP", "SignalboxStore",
                "SignalboxProviders", "SignalboxUsage", "SignalboxConfig", "Signalbox", "SignalboxServer",
                "SignalboxDemo", "CMimalloc",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        // printers of numbers, not tests
        .executableTarget(
            name: "signalbox-microbench-telemetry",
            dependencies: ["SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP"],
            path: "Benchmarks/Telemetry", swiftSettings: strict),
        .executableTarget(
            name: "signalbox-bench-store", dependencies: ["SignalboxCore", "SignalboxStore"],
            path: "Benchmarks/Store", swiftSettings: strict),
        // for tests, ours and embedders'
        room(
            "SignalboxTesting",
            over: ["SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP", "SignalboxProviders"]),

        // measured and fuzzed, not shipped
        .executableTarget(
            name: "signalbox-microbench",
            dependencies: [
                "SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP", "SignalboxProviders",
                "SignalboxRouting", "SignalboxConfig", "Signalbox",
            ],
            path: "Benchmarks/Micro", swiftSettings: strict),
        room(
            "SignalboxFuzzing",
            over: [
                "SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP", "SignalboxProviders",
                "SignalboxRouting", "SignalboxConfig", "SignalboxServer", "SignalboxTesting",
            ]),
        .executableTarget(
            name: "signalbox-fuzz", dependencies: ["SignalboxFuzzing", "CFuzzer"],
            path: "Tests/Fuzz", swiftSettings: strict),

        // hours of traffic for the strategies, in seconds
        .target(
            name: "SignalboxSimulation",
            dependencies: [
                "SignalboxCore", "SignalboxRouting",
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            path: "Benchmarks/Simulation", swiftSettings: strict),
        .executableTarget(
            name: "signalbox-simulate", dependencies: ["SignalboxRouting", "SignalboxSimulation"],
            path: "Benchmarks/Simulate", swiftSettings: strict),

        // the vendors' stand-ins as a process
        .executableTarget(
            name: "SignalboxFakes",
            dependencies: [
                "SignalboxCore", "SignalboxTelemetry", "SignalboxHTTP", "SignalboxProviders",
                "SignalboxTesting", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        tests("SignalboxCoreTests", of: ["SignalboxCore", "SignalboxTesting"]),
        tests(
            "SignalboxTelemetryTests",
            of: ["SignalboxTelemetry", "SignalboxTesting", "SignalboxCore"] + facades, exclude: ["Golden"]),
        tests("SignalboxHTTPTests", of: ["SignalboxHTTP", "SignalboxTesting", "SignalboxCore"]),
        tests("SignalboxStoreTests", of: ["SignalboxStore", "SignalboxTesting", "SignalboxCore"]),
        tests("SignalboxProvidersTests", of: ["SignalboxProviders", "SignalboxTesting", "SignalboxCore"]),
        tests("SignalboxRoutingTests", of: ["SignalboxRouting", "SignalboxCore"]),
        tests(
            "SignalboxUsageTests",
            of: [
                "SignalboxUsage", "SignalboxStore", "SignalboxHTTP", "SignalboxTelemetry", "SignalboxTesting",
                "SignalboxCore",
            ]),
        tests(
            "SignalboxKeysTests",
            of: [
                "SignalboxKeys", "SignalboxHTTP", "SignalboxTelemetry", "SignalboxTesting", "SignalboxCore",
            ]),
        tests("SignalboxSimulationTests", of: ["SignalboxSimulation", "SignalboxRouting"]),
        tests(
            "SignalboxConfigTests",
            of: ["SignalboxConfig", "SignalboxProviders", "SignalboxUsage", "SignalboxCore"],
            exclude: ["Mistakes"]),
        tests(
            "SignalboxTests",
            of: [
                "Signalbox", "SignalboxConfig", "SignalboxHTTP", "SignalboxProviders", "SignalboxRouting",
                "SignalboxKeys", "SignalboxTelemetry", "SignalboxStore", "SignalboxUsage", "SignalboxTesting",
                "SignalboxCore",
            ]),
        tests(
            "SignalboxServerTests",
            of: [
                "SignalboxServer", "Signalbox", "SignalboxHTTP", "SignalboxStore", "SignalboxTelemetry",
                "SignalboxConfig", "SignalboxProviders", "SignalboxCore",
            ]),
        tests(
            "SignalboxDemoTests",
            of: ["SignalboxDemo", "SignalboxConfig", "SignalboxProviders", "SignalboxCore"]),
        tests("SignalboxFuzzingTests", of: ["SignalboxFuzzing", "SignalboxProviders"]),
        tests("TidyTests", of: []),
    ],
    swiftLanguageModes: [.v6]
)
