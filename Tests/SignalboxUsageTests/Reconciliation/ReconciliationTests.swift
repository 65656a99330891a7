import SignalboxCore
import SignalboxUsage
import Testing

struct ReconciliationTests {
    private typealias Place = UsageTally.Place

    private func read(
        _ text: String, mapped: [(column: String, field: ExportColumns.Field)] = [],
        aliases: [String: String] = [:]
    ) throws -> ExportReading {
        var reading = ExportReading(mapped: mapped, aliases: aliases)
        try reading.read(Array(text.utf8))
        try reading.finish()
        return reading
    }

    // MARK: Files

    @Test func `Anthropic's usage export is recognised, cached tokens included`() throws {
        let reading = try read(
            """
            usage_date_utc,model_version,api_key,workspace,usage_type,context_window,\
            usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,\
            usage_input_tokens_cache_read,usage_output_tokens,web_search_count
            2026-11-20,claude-haiku,k1,Default,standard,≤ 200k,100,10,1,1000,50,0
            2026-11-20,claude-haiku,k2,Default,standard,≤ 200k,5,0,0,0,2,0
            2026-11-21,claude-opus,k1,Default,standard,≤ 200k,7,0,0,0,3,0
            """)
        let amounts = reading.tally.amounts
        #expect(amounts[Place(day: "2026-11-20", model: "claude-haiku")]?.input == 1_116)
        #expect(amounts[Place(day: "2026-11-20", model: "claude-haiku")]?.output == 52)
        #expect(amounts[Place(day: "2026-11-21", model: "claude-opus")]?.input == 7)
        #expect(reading.tally.days == "2026-11-20"..."2026-11-21")
        #expect(reading.columns?.cost == [])
    }

    @Test func `OpenAI's usage export is recognised, and days without use are none`() throws {
        let reading = try read(
            """
            start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,model,\
            input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens
            1795132800,1795219200,2026-11-20T00:00:00+00:00,2026-11-21T00:00:00+00:00,p,3,gpt-4o,120,30,20,100
            1795219200,1795305600,2026-11-21T00:00:00+00:00,2026-11-22T00:00:00+00:00,p,0,,0,0,0,0
            """)
        #expect(reading.tally.amounts.count == 1)
        #expect(reading.tally.amounts[Place(day: "2026-11-20", model: "gpt-4o")]?.input == 120)
        #expect(reading.columns?.summary.contains("date from start_time_iso") == true)
    }

    @Test func `OpenAI's costs export is recognised, by line item`() throws {
        let reading = try read(
            """
            start_time,end_time,amount_value,amount_currency,line_item,project_id
            1795132800,1795219200,0.1234567890123,usd,"gpt-4o, input",p
            1795132800,1795219200,1.5e-7,usd,"gpt-4o, output",p
            """)
        let sum = reading.tally.amounts[Place(day: "2026-11-20", model: "gpt-4o")]
        #expect(sum?.atto["USD"] == 123_456_939_012_300_000)
        #expect(sum?.nano("USD") == 123_456_939)
    }

    @Test func `other files are recognised by common names, however they are spelled`() throws {
        let reading = try read(
            "Day;Model Name;Prompt-Tokens;Completion Tokens;Cost (USD)\n2026-11-20;m;5;6;0,25\n")
        let sum = reading.tally.amounts[Place(day: "2026-11-20", model: "m")]
        #expect(sum?.input == 5 && sum?.output == 6)
        #expect(sum?.nano("USD") == 250_000_000)
    }

    @Test func `columns can be said, and models have other names here`() throws {
        let reading = try read(
            "wann,was,rein,raus,tokens_prompt\n2026-11-20,their-m,5,6,99\n",
            mapped: [("wann", .date), ("was", .model), ("rein", .inputTokens), ("raus", .outputTokens)],
            aliases: ["their-m": "m"])
        #expect(reading.tally.amounts[Place(day: "2026-11-20", model: "m")]?.input == 5)
    }

    @Test func `headers that nobody knows are told, with the way out`() throws {
        let failure = #expect(throws: ReconciliationError.self) { try read("wann,rein\n2026-11-20,5\n") }
        let message = try #require(failure?.description)
        #expect(message.contains("no column was recognised as the day"))
        #expect(message.contains("'wann', 'rein'") && message.contains("--map 'wann=date'"))
        let other = #expect(throws: ReconciliationError.self) { try read("date,rein\n2026-11-20,5\n") }
        #expect(other?.description.contains("anything to compare") == true)
        let unknown = #expect(throws: ReconciliationError.self) {
            try read("date,cost\n", mapped: [("nowhere", .model)])
        }
        #expect(unknown?.description.contains("there is no column nowhere") == true)
    }

    @Test(arguments: [
        ("date,cost\n11/12/2026,5\n", "line 2: date is '11/12/2026'"),
        ("date,cost\n2026-11-20,much\n", "line 2: cost is 'much'"),
        ("date,input_tokens\n2026-11-20,1.5\n", "line 2: input_tokens is '1.5'"),
        ("date,cost\n2026-11-20,\"5\n", "a quotation mark is opened"), ("", "the file is empty"),
    ])
    func `a row that cannot be read is named with its line`(text: String, message: String) throws {
        let failure = #expect(throws: ReconciliationError.self) { try read(text) }
        #expect(failure?.description.contains(message) == true)
    }

    @Test(arguments: [
        ("2026-11-20", "2026-11-20"), ("2026-11-20T23:30:00-02:00", "2026-11-21"),
        ("2026-11-20 05:00:00", "2026-11-20"), ("1795132800", "2026-11-20"), ("1795132800000", "2026-11-20"),
        ("", nil), ("9999999999999", nil), ("yesterday", nil), ("20/11/2026", nil),
    ])
    func `days are those of UTC`(text: String, day: String?) {
        #expect(ExportDay.read(text) == day)
    }

    @Test(
        arguments: [
            ("0", 0), ("12", 12_000_000_000), ("$0.15", 150_000_000), ("-1.5", -1_500_000_000),
            ("1e-7", 100), ("1.23E2", 123_000_000_000), (".5", 500_000_000), ("5.", 5_000_000_000),
            ("0.00000000049", 0), ("0.0000000005", 1), ("-0.0000000005", -1),
            ("000000000000000000001", 1_000_000_000),
            ("1,5", nil), ("1e99", nil), ("1e-999", 0), ("1e-9999", nil), ("", nil), ("-", nil), ("1 2", nil),
            ("0x10", nil), ("NaN", nil), ("1.2.3", nil), ("9999999999999999", nil),
        ] as [(String, Int128?)])
    func `amounts are exact, and rounded only behind what is kept`(text: String, nano: Int128?) {
        #expect(ExportNumber.read(text, decimals: 9, takesComma: false) == nano)
    }

    @Test(arguments: 1...500)
    func `a number is read as it was printed`(seed: UInt64) {
        var random = FastRandom(seed: seed)
        let nano = Int128(Int64.random(in: -1_000_000_000_000_000...1_000_000_000_000_000, using: &random))
        let text = Money(nano: nano, currency: "USD").decimal
        #expect(ExportNumber.read(text, decimals: 9, takesComma: false) == nano)
        #expect(ExportNumber.read(text, decimals: 18, takesComma: true) == nano * 1_000_000_000)
    }

    // MARK: Comparing

    private func tally(_ rows: [(String, String, Int128, Int128)]) throws -> UsageTally {
        var tally = UsageTally()
        for (day, model, input, nano) in rows {
            try tally.add(
                Place(day: day, model: model), input: input, atto: nano * 1_000_000_000, currency: "USD")
        }
        return tally
    }

    @Test func `the same counts agree, and what only one side has does not`() throws {
        let ours = try tally([("2026-11-20", "a", 100, 5), ("2026-11-20", "b", 7, 0)])
        let theirs = try tally([("2026-11-20", "a", 100, 5), ("2026-11-21", "a", 1, 0)])
        let same = Reconciliation(
            ours: ours, theirs: ours, measures: [.inputTokens, .cost("USD")], tolerance: 0)
        #expect(same.isWithin && same.lines.count == 3)
        let result = Reconciliation(ours: ours, theirs: theirs, measures: [.inputTokens], tolerance: 0)
        #expect(result.lines.map(\.isWithin) == [true, false, false])
        #expect(result.lines.map(\.percent) == [0, nil, -100])
        #expect(result.totals.map(\.difference) == [6])
    }

    @Test func `a tolerance is a part of theirs, to the last count`() throws {
        let theirs = try tally([("2026-11-20", "a", 1_000, 0)])
        func isWithin(_ input: Int128, _ percent: String) throws -> Bool {
            Reconciliation(
                ours: try tally([("2026-11-20", "a", input, 0)]), theirs: theirs, measures: [.inputTokens],
                tolerance: try #require(DecimalText.billionths(percent))
            ).isWithin
        }
        #expect(try isWithin(1_005, "0.5") && isWithin(995, "0.5"))
        #expect(try !isWithin(1_006, "0.5") && !isWithin(994, "0.5"))
        #expect(try !isWithin(1_001, "0") && isWithin(1_001, "0.1") && isWithin(0, "100"))
    }

    @Test func `amounts without a currency get the one that is said`() throws {
        let reading = try read("date,cost\n2026-11-20,5\n")
        let tally = try reading.tally.renaming(currency: ExportReading.unknownCurrency, to: "EUR")
        #expect(tally.currencies == ["EUR"])
        #expect(tally.amounts[Place(day: "2026-11-20", model: "")]?.nano("EUR") == 5_000_000_000)
    }

    @Test func `more days and models than a bill has are refused`() throws {
        var tally = UsageTally()
        for number in 0..<UsageTally.placesMax {
            try tally.add(Place(day: "d", model: "\(number)"), input: 1)
        }
        #expect(throws: ReconciliationError.self) { try tally.add(Place(day: "e", model: ""), input: 1) }
        try tally.add(Place(day: "d", model: "7"), input: 1)
    }
}
