import CMicrohttpd
import Glibc

/// The header fields of one name, found as libmicrohttpd tells of each.
struct HeaderSearch {
    private let name: StaticString
    private(set) var values: [String] = []

    init(_ name: StaticString) {
        self.name = name
    }

    fileprivate mutating func visit(_ key: UnsafePointer<CChar>, _ value: UnsafePointer<CChar>) {
        // A static string ends in a zero byte.
        let isMeant = name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) {
            strcasecmp(key, $0) == 0
        }
        if isMeant { values.append(String(cString: value)) }
    }
}

func headerVisited(
    _ search: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ key: UnsafePointer<CChar>?,
    _ value: UnsafePointer<CChar>?
) -> MHD_Result {
    if let search, let key, let value {
        search.assumingMemoryBound(to: HeaderSearch.self).pointee.visit(key, value)
    }
    return .YES
}

/// Every field, as libmicrohttpd tells of each.
struct FieldList {
    fileprivate(set) var fields: [(name: String, value: String)] = []
}

func fieldVisited(
    _ list: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ key: UnsafePointer<CChar>?,
    _ value: UnsafePointer<CChar>?
) -> MHD_Result {
    if let list, let key {
        let field = (String(cString: key), value.map { String(cString: $0) } ?? "")
        list.assumingMemoryBound(to: FieldList.self).pointee.fields.append(field)
    }
    return .YES
}
