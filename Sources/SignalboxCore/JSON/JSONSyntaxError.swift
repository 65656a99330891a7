/// Why a text is not the JSON that was wanted, and at which byte; its description is fit to be sent to a caller.
public struct JSONSyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Counted from the start of the byte array, not of the scanned range.
    public let offset: Int
    public let reason: Reason

    public enum Reason: String, Sendable, CaseIterable {
        case truncated = "the text ends too early"
        case valueExpected = "a value is missing"
        case keyExpected = "a key in double quotes is missing"
        case colonExpected = "a colon is missing"
        case commaOrBraceExpected = "a comma or } is missing"
        case commaOrBracketExpected = "a comma or ] is missing"
        case badLiteral = "this is neither true, false nor null"
        case badNumber = "this is not a number in JSON's form"
        case badEscape = "this escape does not exist"
        case badUTF8 = "these bytes are not UTF-8"
        case controlCharacter = "a control character must be escaped"
        case trailingBytes = "the text should have ended here"
        case tooDeep = "the nesting is too deep"
        case tooManyMembers = "the object has too many members"
        case tooLong = "the text is too long"
        case notAnObject = "the text is not an object"
    }

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    public var description: String {
        "byte \(offset): \(reason.rawValue)"
    }
}
