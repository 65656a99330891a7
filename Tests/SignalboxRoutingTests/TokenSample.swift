import Testing

/// A text and how many tokens `cl100k_base` makes of it (tiktoken 0.14 counted).
struct TokenSample: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let tokens: Int
    let text: String

    init(_ name: String, _ tokens: Int, _ text: String) {
        testDescription = name
        self.tokens = tokens
        self.text = text
    }

    static let all = [
        TokenSample(
            "english", 77,
            #"""
            Our night train was an hour late, because the signal box at the junction had lost power and \#
            every lever was locked in place. Could you write a short, friendly note to the passengers \#
            that explains what happened, what we did about it, and how they can get part of their fare \#
            back? Please keep it under a hundred words, and don't promise anything about tomorrow's \#
            service.
            """#),
        TokenSample(
            "russian", 138,
            #"""
            Ночной поезд опоздал на час: на станции пропало электричество, и все стрелки остались в \#
            прежнем положении. Напиши, пожалуйста, короткое и вежливое объявление для пассажиров: что \#
            случилось, что мы уже сделали и как вернуть часть стоимости билета. Не больше ста слов, и \#
            ничего не обещай насчёт завтрашнего расписания.
            """#),
        TokenSample(
            "chinese", 121,
            #"""
            夜间列车晚点了一个小时，因为车站的信号楼停电，所有道岔都被锁定在原来的位置。请给乘客写一份\#
            简短、友好的通知，说明发生了什么事、我们采取了哪些措施，以及怎样退回部分票款。不要超过一百\#
            字，也不要对明天的班次作出任何承诺。
            """#),
        TokenSample(
            "german", 103,
            #"""
            Unser Nachtzug hatte eine Stunde Verspätung, weil im Stellwerk am Abzweig der Strom \#
            ausgefallen war und sich keine Weiche mehr stellen ließ. Schreib bitte eine kurze, \#
            freundliche Mitteilung an die Fahrgäste: was geschehen ist, was wir unternommen haben und \#
            wie sie einen Teil des Fahrpreises zurückbekommen. Höchstens hundert Wörter, und keine \#
            Versprechungen für morgen.
            """#),
        TokenSample(
            "swift", 69,
            #"""
            struct Lever {
                let number: Int
                private(set) var isReversed = false

                mutating func pull(against locks: [Lever]) throws(LeverError) {
                    guard locks.allSatisfy({ !$0.isReversed }) else { throw .locked(number) }
                    isReversed.toggle()
                }
            }
            """#),
        TokenSample(
            "python", 99,
            #"""
            def departures(table, now, limit=10):
                """The next trains, soonest first."""
            upcoming = [row for row in table if row["time"] >= now and not row.get("cancelled")]
                for row in sorted(upcoming, key=lambda row: row["time"])[:limit]:
                    print(f"{row['time']:%H:%M}  {row['line']:<6} {row['platform']:>3}")
                return len(upcoming)
            """#),
        TokenSample(
            "json", 87,
            #"""
            {"station": "Nordfeld", "platforms": [{"number": 1, "length_m": 214.5, "covered": true}, \#
            {"number": 2, "length_m": 180.0, "covered": false}], "updated": "2025-03-14T06:25:00Z", \#
            "levers": {"total": 48, "in_use": 31}}
            """#),
        TokenSample(
            "emoji", 31,
            #"""
            The 7:15 is cancelled again 😡🚂 and the next one is full 😭. Thanks for nothing 🙃👍
            """#),
    ]
}
