/// Takes rows of separated values (RFC 4180) out of bytes that come in pieces. It does no I/O and holds one
/// row at a time, whatever the size of the file.
///
///     fieldStart ──"──▶ quoted ──"──▶ quoteEnd ──"──▶ quoted
///         │                              │
///         └──other──▶ plain              └──separator, line end──▶ fieldStart
///
/// Taken too: a byte order mark, line ends of LF or CR alone, semicolons and tabs between fields, rows of
/// different lengths. Lines without a byte are no rows.
package struct CSVReader {
    /// What makes a file none of separated values.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// From 1; of a row over several lines, the one where it went wrong.
        package let line: Int
        package let problem: String

        package var description: String { "line \(line): \(problem)" }
    }

    package struct Row: Sendable, Equatable {
        /// Where it begins, from 1.
        package var line: Int
        package var fields: [String]
    }

    /// The largest row, in bytes.
    package static let rowBytesMax = 1 << 20
    package static let fieldsMax = 1_000

    private enum State {
        case fieldStart
        case plain
        case quoted
        /// A quotation mark in quotes: the end of them, or one that is meant.
        case quoteEnd
    }

    private var state = State.fieldStart
    private var separator: UInt8?
    private var mark: [UInt8] = []
    private var isPastMark = false
    /// What came of the first line, until it shows what stands between fields.
    private var firstLine: [UInt8] = []
    private var fields: [String] = []
    private var field: [UInt8] = []
    private var rowBytes = 0
    private var line = 1
    private var rowLine = 1
    private var hasQuotes = false
    private var wasReturn = false

    /// - Parameter separator: nil for the one of comma, semicolon and tab that the first line has most of.
    package init(separator: UInt8? = nil) {
        self.separator = separator
    }

    /// Known once the first row is.
    package var separatorFound: UInt8? { separator }

    /// Takes the next bytes; `row` gets each row that they complete.
    package mutating func read(_ bytes: [UInt8], row: (Row) throws -> Void) throws {
        for byte in bytes { try take(byte, row) }
    }

    /// The file has ended: its last row may have no line end.
    package mutating func finish(row: (Row) throws -> Void) throws {
        if !isPastMark {
            isPastMark = true
            let early = mark
            for byte in early { try take(byte, row) }
        }
        if separator == nil { try decide(row) }
        if state == .quoted { throw failure("a quotation mark is opened and never closed") }
        if !fields.isEmpty || !field.isEmpty || hasQuotes { try endRow(row) }
    }

    // MARK: Bytes

    private mutating func take(_ byte: UInt8, _ row: (Row) throws -> Void) throws {
        guard isPastMark else { return try takeMark(byte, row) }
        guard separator != nil else {
            try collect(byte, row)
            return
        }
        try step(byte, row)
    }

    /// UTF-8's mark is passed over; those of UTF-16 say that the file is not in UTF-8.
    private mutating func takeMark(_ byte: UInt8, _ row: (Row) throws -> Void) throws {
        mark.append(byte)
        if mark == [0xFE, 0xFF] || mark == [0xFF, 0xFE] {
            throw failure("the file is in UTF-16; save it as UTF-8")
        }
        let utf8: [UInt8] = [0xEF, 0xBB, 0xBF]
        if mark == utf8 {
            isPastMark = true
            return
        }
        if utf8.starts(with: mark) || mark == [0xFE] || mark == [0xFF] { return }
        isPastMark = true
        let early = mark
        for byte in early { try take(byte, row) }
    }

    /// Keeps the first line until it is whole.
    private mutating func collect(_ byte: UInt8, _ row: (Row) throws -> Void) throws {
        firstLine.append(byte)
        guard firstLine.count <= Self.rowBytesMax else { throw tooLong }
        if byte == 0x0A || byte == 0x0D { try decide(row) }
    }

    private mutating func decide(_ row: (Row) throws -> Void) throws {
        let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09]
        var counts = [0, 0, 0]
        var isQuoted = false
        for byte in firstLine {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if !isQuoted, let index = candidates.firstIndex(of: byte) { counts[index] += 1 }
        }
        let best = counts.indices.max { (counts[$0], -$0) < (counts[$1], -$1) } ?? 0
        separator = candidates[best]
        let early = firstLine
        firstLine = []
        for byte in early { try step(byte, row) }
    }

    private mutating func step(_ byte: UInt8, _ row: (Row) throws -> Void) throws {
        rowBytes += 1
        guard rowBytes <= Self.rowBytesMax else { throw tooLong }
        if byte == 0 { throw failure("there is a zero byte: this is no text in UTF-8") }
        let followsReturn = wasReturn
        wasReturn = byte == 0x0D
        switch state {
        case .quoted:
            if byte == 0x0A && !followsReturn || byte == 0x0D { line += 1 }
            if byte == UInt8(ascii: "\"") { state = .quoteEnd } else { field.append(byte) }
        case .quoteEnd where byte == UInt8(ascii: "\""):
            field.append(byte)
            state = .quoted
        case .fieldStart where byte == UInt8(ascii: "\""):
            hasQuotes = true
            state = .quoted
        case .fieldStart, .plain, .quoteEnd:
            try stepOutside(byte, followsReturn: followsReturn, row)
        }
    }

    private mutating func stepOutside(
        _ byte: UInt8, followsReturn: Bool, _ row: (Row) throws -> Void
    ) throws {
        if byte == separator { return try endField() }
        if byte == 0x0A && followsReturn && state == .fieldStart && fields.isEmpty {
            rowBytes = 0
            return
        }
        if byte == 0x0A || byte == 0x0D {
            if !fields.isEmpty || !field.isEmpty || hasQuotes { try endRow(row) }
            line += 1
            rowLine = line
            rowBytes = 0
            return
        }
        if state == .quoteEnd { throw failure("something follows a closing quotation mark") }
        if byte == UInt8(ascii: "\"") { throw failure("there is a quotation mark inside a field without") }
        state = .plain
        field.append(byte)
    }

    private mutating func endField() throws {
        guard fields.count < Self.fieldsMax else {
            throw failure("it has more than \(Self.fieldsMax) fields")
        }
        guard let text = String(validating: field, as: UTF8.self) else {
            throw failure("this is no text in UTF-8")
        }
        fields.append(text)
        field.removeAll(keepingCapacity: true)
        state = .fieldStart
    }

    private mutating func endRow(_ row: (Row) throws -> Void) throws {
        try endField()
        let whole = Row(line: rowLine, fields: fields)
        fields.removeAll(keepingCapacity: true)
        rowBytes = 0
        hasQuotes = false
        try row(whole)
    }

    private var tooLong: Failure { failure("it is longer than \(Self.rowBytesMax) bytes") }

    private func failure(_ problem: String) -> Failure {
        Failure(line: line, problem: problem)
    }
}
