import SignalboxCore

/// The reply of `GET /v1/models`.
struct ModelList {
    let json: [UInt8]

    init(_ names: [String], createdAt: WallTime) {
        var bytes = Array(#"{"object":"list","data":["#.utf8)
        for (number, name) in names.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += Array(#"{"id":"#.utf8)
            JSONText.append(name, to: &bytes)
            bytes += Array(#","object":"model","created":"#.utf8)
            JSONText.append(Int(createdAt.nanosecondsSince1970 / 1_000_000_000), to: &bytes)
            bytes += Array(#","owned_by":"signalbox"}"#.utf8)
        }
        bytes += Array("]}".utf8)
        json = bytes
    }
}
