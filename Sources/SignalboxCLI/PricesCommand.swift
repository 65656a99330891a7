import ArgumentParser
import SignalboxConfig
import SignalboxCore
import SignalboxUsage

/// `signalbox prices`
struct PricesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prices",
        abstract: "Checks, shows and converts files of prices.",
        discussion: "Exits with 0 if all is well, else with 2.",
        subcommands: [Check.self, Show.self, Import.self])

    static let defaultFile = "prices.yaml"

    static func book(_ path: String) throws(CommandFailure) -> PriceBook {
        do throws(ConfigurationMistakes) {
            return try ConfigurationLoader.system().prices(at: path)
        } catch {
            let count = error.mistakes.count + error.omitted
            let summary = count == 1 ? "1 mistake" : "\(count) mistakes"
            throw CommandFailure(message: "the prices have \(summary):\n\(error)", status: 2)
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints every mistake of a file of prices with its place and remedy.")

        @Argument(help: "The file to check.")
        var file = PricesCommand.defaultFile

        func run() throws {
            let book = try PricesCommand.book(file)
            let count = book.entries.count
            print("\(file) is good: \(count) price\(count == 1 ? "" : "s"), version \(book.version)")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a file of prices as a table, for a million tokens each.")

        @Argument(help: "The file to show.")
        var file = PricesCommand.defaultFile

        func run() throws {
            print(PriceTable(try PricesCommand.book(file)).text, terminator: "")
        }
    }

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Converts the community's price file (JSON, dollars for a token) into ours.",
            discussion: """
                The prices go to standard output, what was left out and why to standard error. Amounts are \
                converted exactly; one that cannot be is left out.
                """)

        @Argument(help: "The JSON file.")
        var file: String

        @Option(help: "The day from which the prices hold, such as 2026-01-31. Default: today, in UTC.")
        var validFrom: String?

        func run() throws {
            let loader = ConfigurationLoader.system()
            do throws(ConfigurationMistakes) {
                let prices = try loader.communityPrices(
                    at: file, validFrom: validFrom, today: SystemTime().wallTime())
                print(prices.yaml, terminator: "")
                for remark in prices.partial {
                    StandardError.write("taken: \(remark.model): \(remark.text)\n")
                }
                for remark in prices.skipped {
                    StandardError.write("skipped: \(remark.model): \(remark.text)\n")
                }
                StandardError.write("\(prices.count) taken, \(prices.skipped.count) skipped\n")
            } catch {
                throw CommandFailure(message: "\(error)", status: 2)
            }
        }
    }
}
