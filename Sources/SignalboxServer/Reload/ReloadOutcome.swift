public import SignalboxConfig
import SignalboxCore
import SignalboxHTTP

/// What became of a wish to load the configuration again.
public enum ReloadOutcome: Sendable {
    /// It is in force; what differs from the one before.
    case done(ConfigurationChange)
    /// It has mistakes: the one before stays in force, as a whole.
    case refused(ConfigurationMistakes)
    /// The configuration comes from nowhere that could be asked again.
    case nothingToReload
    /// As many as may wait for their turn do already.
    case busy
    /// Not started yet, or ending.
    case notServing
}

extension ReloadOutcome {
    /// As `POST /admin/reload` answers.
    var reply: Reply {
        switch self {
        case .done(let change):
            Reply(status: 200, headers: [("content-type", ErrorObject.contentType)], body: change.json)
        case .refused(let mistakes):
            Reply(status: 422, headers: [("content-type", ErrorObject.contentType)], body: mistakes.json)
        case .nothingToReload:
            ErrorObject(
                status: 409, type: "invalid_request_error", code: "nothing_to_reload",
                message: "There is nothing to reload: this configuration was not loaded from anywhere."
            ).reply
        case .busy:
            ErrorObject(
                status: 503, type: "overloaded_error", code: "reload_busy",
                message: "Too many reloads wait for their turn."
            ).reply
        case .notServing:
            ErrorObject(
                status: 503, type: "overloaded_error", code: "not_serving",
                message: "The daemon is starting or ending."
            ).reply
        }
    }
}

extension ConfigurationChange {
    /// `{"changed": {…}, "needs_restart": […]}`; every list is there, if empty.
    var json: [UInt8] {
        var text = JSONWriter()
        text.object { text in
            text.key("changed")
            text.object { text in
                text.key("providers")
                text.object { text in
                    text.names("added", providers.added)
                    text.names("removed", providers.removed)
                    text.key("changed")
                    text.list(providers.changed) { name, text in
                        text.object { text in
                            text.key("name")
                            text.string(name)
                            text.names("settings", providerSettings[name] ?? [])
                        }
                    }
                }
                text.key("models")
                text.object { text in
                    text.names("added", models.added)
                    text.names("removed", models.removed)
                }
                for (key, names) in [("keys", keys), ("routes", routes), ("tenants", tenants)] {
                    text.key(key)
                    text.object { text in
                        text.names("added", names.added)
                        text.names("removed", names.removed)
                        text.names("changed", names.changed)
                    }
                }
                text.names("settings", settings)
            }
            text.names("needs_restart", needsRestart)
        }
        return text.bytes
    }
}

extension ConfigurationMistakes {
    /// `{"error": {…}, "mistakes": [{"file": …, "line": …, "column": …, "path": …, "problem": …,
    /// "remedy": …}], "omitted": 0}`; what is not known is left out.
    var json: [UInt8] {
        let count = mistakes.count + omitted
        var text = JSONWriter()
        text.object { text in
            text.key("error")
            text.object { text in
                text.key("message")
                text.string(
                    "The configuration has \(count == 1 ? "a mistake" : "\(count) mistakes"); "
                        + "the one before stays in force.")
                text.key("type")
                text.string("invalid_request_error")
                text.key("code")
                text.string("configuration_refused")
            }
            text.key("mistakes")
            text.list(mistakes) { mistake, text in
                text.object { text in
                    text.key("file")
                    text.string(mistake.file)
                    text.int("line", mistake.line)
                    text.int("column", mistake.column)
                    text.key("path")
                    text.string(mistake.path)
                    text.key("problem")
                    text.string(mistake.problem)
                    if let remedy = mistake.remedy {
                        text.key("remedy")
                        text.string(remedy)
                    }
                }
            }
            text.int("omitted", omitted)
        }
        return text.bytes
    }
}
