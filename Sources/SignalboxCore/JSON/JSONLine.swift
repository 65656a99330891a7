import Glibc

/// JSON as the one line that it must be where a line break ends what it belongs to: in the data of a
/// server-sent event.
public enum JSONLine {
    /// Appends `json`, which is valid, with a space for each line break: they can only stand between its
    /// tokens, as a string's own are escaped.
    public static func append(_ json: ArraySlice<UInt8>, to output: inout [UInt8]) {
        let start = output.count
        output += json
        guard hasBreak(json) else { return }
        for index in start..<output.count where output[index] == lineFeed || output[index] == carriageReturn {
            output[index] = UInt8(ascii: " ")
        }
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private static func hasBreak(_ json: ArraySlice<UInt8>) -> Bool {
        json.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return false }
            return memchr(start, Int32(lineFeed), bytes.count) != nil
                || memchr(start, Int32(carriageReturn), bytes.count) != nil
        }
    }
}
