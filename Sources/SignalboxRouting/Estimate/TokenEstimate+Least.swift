extension TokenEstimate {
    /// What a prompt of that estimate has at the very least: the estimate is off by less than a half for
    /// every language that was measured.
    public static func least(_ estimate: Int) -> Int {
        estimate / 2
    }
}
