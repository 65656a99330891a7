/// Which Signalbox this is.
public enum Build {
    /// Semantic version of the release.
    public static let version = "0.1.0"

    /// The compiler's language version.
    public static var swift: String {
        #if swift(>=6.3)
        "6.3"
        #else
        "6.2"
        #endif
    }
}
