// Looks for inputs that break a promise; scripts/fuzz.sh runs it. A failure ends it with a status that is not
// 0.
import SignalboxFuzzing

let usage = """
    usage: signalbox-fuzz list                       every target
           signalbox-fuzz engine                     libfuzzer, or loop where it is not linked in
           signalbox-fuzz loop TARGET SECONDS SEED   input by input, from SEED on
           signalbox-fuzz guided TARGET OPTION...    by libFuzzer, with its own options and folders
           signalbox-fuzz samples TARGET FOLDER      writes samples and the dictionary for libFuzzer
           signalbox-fuzz input TARGET SEED          prints the input that the loop made of SEED
           signalbox-fuzz replay TARGET FILE         tries one input
    """

let words = Array(CommandLine.arguments.dropFirst())
let status: Int32 =
    switch (words.first, words.dropFirst().first.flatMap(FuzzTarget.named), words.dropFirst(2)) {
    case ("list", nil, _): Listing.targets()
    case ("engine", nil, _): Listing.engine()
    case ("loop", let target?, let rest) where rest.count == 2:
        SeedLoop(target, seconds: words[2], seed: words[3])?.run() ?? misused()
    case ("guided", let target?, let options): GuidedRun.run(target, options: Array(options))
    case ("samples", let target?, let rest) where rest.count == 1: Samples.write(target, into: words[2])
    case ("input", let target?, let rest) where rest.count == 1:
        Samples.print(target, seed: words[2]) ?? misused()
    case ("replay", let target?, let rest) where rest.count == 1: Replay.run(target, file: words[2])
    default: misused()
    }
leave(with: status)
