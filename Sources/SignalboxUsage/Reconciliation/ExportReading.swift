import SignalboxCore

/// Reads a provider's usage file, piece by piece, into days and models.
package struct ExportReading {
    package private(set) var tally = UsageTally()
    /// Nil before the first row.
    package private(set) var columns: ExportColumns?
    package private(set) var rows = 0
    private var reader = CSVReader()
    private let mapped: [(column: String, field: ExportColumns.Field)]
    /// What a model is called here, by its name there.
    private let aliases: [String: String]

    /// The currency of amounts whose file does not say.
    package static let unknownCurrency = ""

    package init(
        mapped: [(column: String, field: ExportColumns.Field)] = [], aliases: [String: String] = [:]
    ) {
        self.mapped = mapped
        self.aliases = aliases
    }

    /// - Throws: ``ReconciliationError``, with the line where there is one.
    package mutating func read(_ bytes: [UInt8]) throws(ReconciliationError) {
        try reading { reading, row in try reading.reader.read(bytes, row: row) }
    }

    package mutating func finish() throws(ReconciliationError) {
        try reading { reading, row in try reading.reader.finish(row: row) }
        guard columns != nil else { throw ReconciliationError("the file is empty") }
    }

    private mutating func reading(
        _ body: (inout ExportReading, (CSVReader.Row) throws -> Void) throws -> Void
    ) throws(ReconciliationError) {
        var taken: [CSVReader.Row] = []
        do {
            try body(&self) { taken.append($0) }
        } catch let failure as CSVReader.Failure {
            throw ReconciliationError(failure.description)
        } catch {
            throw ReconciliationError("\(error)")
        }
        for row in taken { try take(row) }
    }

    private mutating func take(_ row: CSVReader.Row) throws(ReconciliationError) {
        guard let columns else {
            columns = try ExportColumns(header: row.fields, mapped: mapped)
            return
        }
        do throws(ReconciliationError) {
            try add(row, columns)
        } catch {
            throw ReconciliationError("line \(row.line): \(error.description)")
        }
        rows += 1
    }

    private mutating func add(
        _ row: CSVReader.Row, _ columns: ExportColumns
    ) throws(ReconciliationError) {
        let input = try sum(columns.input, row, columns, decimals: 0)
        let output = try sum(columns.output, row, columns, decimals: 0)
        let atto = try sum(columns.cost, row, columns, decimals: 18)
        // Days without use stand there without a model, too.
        if input == 0, output == 0, atto == 0 { return }
        let text = Self.field(columns.date, row)
        guard let day = ExportDay.read(text) else {
            throw ReconciliationError(
                "\(columns.header[columns.date]) is '\(text.prefix(60))', no day such as 2026-11-21, time as "
                    + "in RFC 3339 or seconds since 1970")
        }
        try tally.add(
            UsageTally.Place(day: day, model: columns.model.map { model(at: $0, row, columns) } ?? ""),
            input: input, output: output, atto: atto,
            currency: columns.cost.isEmpty ? nil : currency(row, columns))
    }

    private func model(at place: Int, _ row: CSVReader.Row, _ columns: ExportColumns) -> String {
        var name = Self.field(place, row)
        // OpenAI's line items are `model, what`.
        if columns.header[place].lowercased() == "line_item", let comma = name.firstRange(of: ", ") {
            name = String(name[..<comma.lowerBound])
        }
        return aliases[name] ?? name
    }

    private func currency(_ row: CSVReader.Row, _ columns: ExportColumns) -> String {
        let said = columns.currency.map { Self.field($0, row).uppercased() } ?? ""
        return said.isEmpty ? columns.impliedCurrency ?? Self.unknownCurrency : said
    }

    private func sum(
        _ places: [Int], _ row: CSVReader.Row, _ columns: ExportColumns, decimals: Int
    ) throws(ReconciliationError) -> Int128 {
        var sum: Int128 = 0
        for place in places {
            let text = Self.field(place, row)
            if text.isEmpty { continue }
            guard
                let amount = ExportNumber.read(
                    text, decimals: decimals, takesComma: reader.separatorFound != UInt8(ascii: ","))
            else {
                throw ReconciliationError(
                    "\(columns.header[place]) is '\(text.prefix(60))', no "
                        + (decimals == 0 ? "whole number" : "amount"))
            }
            sum += amount
        }
        return sum
    }

    private static func field(_ place: Int, _ row: CSVReader.Row) -> String {
        guard row.fields.indices.contains(place) else { return "" }
        return trimmed(row.fields[place])
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return String(start.prefix(start.count - start.reversed().prefix { $0 == " " || $0 == "\t" }.count))
    }
}

/// Days as providers' files have them.
package enum ExportDay {
    /// The day in UTC: of `2026-11-21`, of a time in RFC 3339 with or without its offset, of seconds or
    /// milliseconds since 1970. Nil for anything else: `11/12/2026` is two days.
    package static func read(_ text: String) -> String? {
        if let time = InternetDate.parseDay(text) ?? InternetDate.parse(text)
            ?? InternetDate.parse(text + "Z")
        {
            return print(time)
        }
        guard (9...13).contains(text.utf8.count), text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            let number = Int64(text)
        else { return nil }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(
            by: text.utf8.count > 11 ? 1_000_000 : 1_000_000_000)
        return overflow ? nil : print(WallTime(nanosecondsSince1970: nanoseconds))
    }

    private static func print(_ time: WallTime) -> String {
        String(InternetDate.print(time).prefix(10))
    }
}

/// Numbers as providers' files have them.
package enum ExportNumber {
    private static let digitsMax = 15

    /// A decimal number, perhaps with a sign and an exponent, times ten to the power of `decimals`; digits
    /// behind that are rounded, halves away from zero, but a count (`decimals` 0) must be whole.
    /// - Parameter takesComma: whether a comma may stand for the point.
    /// - Returns: nil for what is no number, and for more than 15 digits before the point.
    package static func read(_ text: String, decimals: Int, takesComma: Bool) -> Int128? {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "$") { rest = rest.dropFirst() }
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let exponentAt = rest.firstIndex { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
        guard let exponent = exponent(rest[(exponentAt ?? rest.endIndex)...]) else { return nil }
        let mantissa = rest[..<(exponentAt ?? rest.endIndex)]
        let point = mantissa.firstIndex {
            $0 == UInt8(ascii: ".") || takesComma && $0 == UInt8(ascii: ",")
        }
        let whole = mantissa[..<(point ?? mantissa.endIndex)]
        let fraction = point.map { mantissa[($0 + 1)...] } ?? []
        var digits = Array(whole) + Array(fraction)
        guard !digits.isEmpty, digits.count <= 60, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else {
            return nil
        }
        // Where the last digit that is kept stands.
        var kept = whole.count + exponent + decimals
        let zeros = digits.prefix { $0 == 0x30 }.count
        digits.removeFirst(zeros)
        kept -= zeros
        if digits.isEmpty { return 0 }
        guard kept <= digitsMax + decimals else { return nil }
        if decimals == 0, kept < digits.count, digits[max(0, kept)...].contains(where: { $0 != 0x30 }) {
            return nil
        }
        return value(digits, kept: kept, isNegative: isNegative)
    }

    private static func value(_ digits: [UInt8], kept: Int, isNegative: Bool) -> Int128? {
        guard kept >= 0 else { return 0 }
        var value: Int128 = 0
        for place in 0..<kept {
            value = value * 10 + (place < digits.count ? Int128(digits[place] - 0x30) : 0)
        }
        if kept < digits.count, digits[kept] >= 0x35 { value += 1 }
        return isNegative ? -value : value
    }

    /// Of `e-7`; 0 where there is none, nil for what is none.
    private static func exponent(_ text: ArraySlice<UInt8>) -> Int? {
        guard !text.isEmpty else { return 0 }
        guard text.count <= 5 else { return nil }
        return Int(String(decoding: text.dropFirst(), as: UTF8.self))
    }
}
