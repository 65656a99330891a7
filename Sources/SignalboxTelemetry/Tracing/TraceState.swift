/// A `tracestate` that is well formed, ready to be passed on as it is: Signalbox adds no member of its own.
///
/// W3C Trace Context, recommendation of 23 November 2021, section 3.3.
public struct TraceState: Sendable, Hashable {
    /// Members of one list; a longer one is dropped.
    public static let membersMax = 32
    /// Of the joined members. From a longer list members are dropped as the recommendation says: first those
    /// of more than 128 bytes, then from the end.
    public static let bytesMax = 512
    private static let largeMemberBytes = 128

    /// The members joined with `,`, in the order in which they came.
    public let text: String

    /// Nil where there is no member, too many, or any that is malformed.
    ///
    /// - Parameter headers: every header of that name; their lists are one list.
    public init?(parsing headers: [String]) {
        var members: [TraceStateMember] = []
        for header in headers {
            for part in header.utf8.split(separator: UInt8(ascii: ",")) {
                guard let bytes = TraceStateMember.trimmed(part) else { continue }
                guard let member = TraceStateMember(bytes) else { return nil }
                members.append(member)
                guard members.count <= Self.membersMax else { return nil }
            }
        }
        let kept = Self.fitting(Self.unique(members))
        guard !kept.isEmpty else { return nil }
        text = kept.map { String(Substring($0.text)) }.joined(separator: ",")
    }

    /// Each key once: the first is the latest.
    private static func unique(_ members: [TraceStateMember]) -> [TraceStateMember] {
        var known: Set<String> = []
        return members.filter { known.insert(String(Substring($0.key))).inserted }
    }

    private static func fitting(_ members: [TraceStateMember]) -> [TraceStateMember] {
        var members = members
        var bytes = members.reduce(members.count - 1) { $0 + $1.text.count }
        func drop(at index: Int) {
            bytes -= members[index].text.count + 1
            members.remove(at: index)
        }
        while bytes > bytesMax,
            let large = members.lastIndex(where: { $0.text.count > largeMemberBytes })
        {
            drop(at: large)
        }
        while bytes > bytesMax, !members.isEmpty { drop(at: members.count - 1) }
        return members
    }
}

/// `key=value`, checked.
private struct TraceStateMember {
    let text: Substring.UTF8View
    let key: Substring.UTF8View

    init?(_ text: Substring.UTF8View) {
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        key = text[..<equals]
        self.text = text
        guard Self.isKey(key), Self.isValue(text[text.index(after: equals)...]) else { return nil }
    }

    /// Without the spaces and tabs around it; nil where nothing is left.
    static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View? {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        guard let first = text.firstIndex(where: { !isSpace($0) }),
            let last = text.lastIndex(where: { !isSpace($0) })
        else { return nil }
        return text[first...last]
    }

    /// `simple-key`, or `tenant@system`.
    private static func isKey(_ key: Substring.UTF8View) -> Bool {
        guard let at = key.firstIndex(of: UInt8(ascii: "@")) else {
            return isName(key, lengthMax: 256, digitFirst: false)
        }
        return isName(key[..<at], lengthMax: 241, digitFirst: true)
            && isName(key[key.index(after: at)...], lengthMax: 14, digitFirst: false)
    }

    private static func isName(_ name: Substring.UTF8View, lengthMax: Int, digitFirst: Bool) -> Bool {
        guard let first = name.first, name.count <= lengthMax else { return false }
        guard isLetter(first) || (digitFirst && isDigit(first)) else { return false }
        return name.allSatisfy { isLetter($0) || isDigit($0) || "_-*/".utf8.contains($0) }
    }

    /// 1 to 256 printable characters but `,` and `=`; the last is no space.
    private static func isValue(_ value: Substring.UTF8View) -> Bool {
        guard (1...256).contains(value.count), value.last != 0x20 else { return false }
        return value.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x2C && $0 != 0x3D }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
