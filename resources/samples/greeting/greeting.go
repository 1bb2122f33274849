// Package greeting says hello in a few languages.
package greeting

var greetings = map[string]string{
	"de": "Hallo!",
	"en": "Hello!",
	"es": "¡Hola!",
	"fr": "Bonjour !",
	"ja": "こんにちは！",
	"zh": "你好！",
}

// In returns the greeting in the language with the given two-letter code, in English when it is not known.
func In(language string) string {
	if text, ok := greetings[language]; ok {
		return text
	}
	return greetings["en"]
}
