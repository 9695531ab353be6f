"""The words that demo data is made of: many scripts, emoji, right-to-left and combining characters, odd punctuation."""

GIVEN_NAMES = [
    "Amina", "Anaïs", "André", "Aoife", "Bjørn", "Chloé", "Dario", "Đorđe", "Elif", "Esperança", "Fatima",
    "Françoise", "Giulia", "Gökhan", "Hanna", "Håkon", "Ines", "Ingrid", "Jana", "José", "Kenji", "Kofi", "Léa",
    "Łukasz", "María", "Mateus", "Mei", "Miloš", "Nadia", "Ngozi", "Noor", "Olivia", "Oumar", "Paula", "Priya",
    "Rania", "Ravi", "Renée", "Samuel", "Şebnem", "Sofía", "Søren", "Tomáš", "Uxía", "Vera", "Víctor",
    "Wanjiru", "Xavier", "Yara", "Yusuf", "Zeynep", "Zoë", "Дмитрий", "Ольга", "Ελένη", "Νίκος", "ליאור", "יעל",
    "أحمد", "ليلى", "さくら", "健一", "伟", "지우",
]  # fmt: skip

FAMILY_NAMES = [
    "Abara", "Almeida", "Andersson", "Aydın", "Bauer", "Beneš", "Castillo", "Çelik", "D’Angelo", "de la Cruz",
    "Dubois", "Eriksen", "Fernández", "García-Núñez", "Grünwald", "Haddad", "Horváth", "Ivanova", "Jansen",
    "Jørgensen", "Kamau", "Kowalczyk", "Kovačević", "Lefèvre", "Lindström", "Mac Giolla", "Mensah", "Müller",
    "Nakamura", "Ndiaye", "Nguyễn", "Novák", "O'Brien", "Okafor", "Öztürk", "Pereira", "Popescu", "Quispe",
    "Rossi", "Şahin", "Sánchez", "Schäfer", "Silva", "Singh", "Sørensen", "Szabó", "Tanaka", "Tremblay",
    "Țurcanu", "van den Berg", "Varga", "Vasquez", "Weiß", "Wójcik", "Yılmaz", "Zhang", "Петров", "Иванова",
    "Παπαδόπουλος", "כהן", "الحسن", "山田", "王", "김",
]  # fmt: skip

GROUPS = ["Accounting", "Designers", "Developers", "Project managers"]

COMPANY_ROOTS = [
    "Alder", "Aurora", "Bellweather", "Blåvik", "Brightwater", "Café Central", "Cedarline", "Côte d'Or",
    "Copperfield", "Dünen", "Eastgate", "Élan", "Fjord", "Foxglove", "Granite Peak", "Greenfinch", "Harbour",
    "Hafenblick", "Íslandia", "Juniper", "Kestrel", "König", "Lighthouse", "Linden", "Mistral", "Moinho",
    "Nordlys", "Northwind", "Ołtarzew", "Orchard", "Papaya", "Pont Neuf", "Quarry", "Rosewood", "Saffron",
    "São Bento", "Silverbirch", "Stonebridge", "Świt", "Tidewater", "Überland", "Umbra", "Vellum", "Vindmølle",
    "Willow", "Zephyr", "Ζέφυρος", "Северный", "النور", "שחר", "桜", "星河", "한빛",
]  # fmt: skip

# A trade and the legal form that goes with it: none, or an empty text.
COMPANY_FORMS = [
    ("Studio", None), ("Books", "Ltd"), ("Coffee Roasters", "Inc."), ("Logistics", "GmbH & Co. KG"),
    ("Architects", "LLP"), ("Solar", "S.A."), ("Films", "SARL"), ("Dental", None), ("Robotics", "AG"),
    ("Travel", "d.o.o."), ("Foods", "S.p.A."), ("Clinic", "e.V."), ("Energy", "ApS"), ("Games", "株式会社"),
    ("& Sons", "Ltd"), ("Museum", ""),
]  # fmt: skip

# Country, calling code, currency, city.
COUNTRIES = [
    ("DE", "49", "EUR", "Köln"), ("FR", "33", "EUR", "Besançon"), ("ES", "34", "EUR", "A Coruña"),
    ("IT", "39", "EUR", "Forlì"), ("PT", "351", "EUR", "São João da Madeira"),
    ("GB", "44", "GBP", "Aberystwyth"), ("IE", "353", "EUR", "Dún Laoghaire"),
    ("DK", "45", "DKK", "Ærøskøbing"), ("SE", "46", "SEK", "Örebro"), ("PL", "48", "PLN", "Łódź"),
    ("CZ", "420", "CZK", "Plzeň"), ("GR", "30", "EUR", "Θεσσαλονίκη"), ("IL", "972", "ILS", "תל אביב"),
    ("JP", "81", "JPY", "札幌"), ("US", "1", "USD", "St. Louis"), ("CH", "41", "CHF", "Genève"),
]  # fmt: skip

STREETS = [
    "Harbour Street", "Rue de l’Église", "Königstraße", "Calle Mayor", "ul. Długa", "Østergade", "中央通り",
    "שדרות רוטשילד",
]  # fmt: skip

PROJECT_KINDS = [
    "Website relaunch", "Online shop", "Brand refresh", "Mobile app", "Customer portal", "Annual report",
    "Trade fair stand", "Data migration", "Newsletter", "Booking system", "Intranet", "Photo archive",
    "Accessibility audit", "Packaging design", "Spring campaign 🌱", "Rebranding „Neustart“",
]  # fmt: skip

VERBS = [
    "Agree on", "Archive", "Build", "Check", "Collect", "Compare", "Correct", "Describe", "Design", "Discuss",
    "Document", "Draft", "Estimate", "Export", "Finish", "Fix", "Import", "Integrate", "Measure", "Migrate",
    "Plan", "Prepare", "Prototype", "Publish", "Remove", "Rename", "Replace", "Review", "Simplify", "Test",
    "Translate", "Überarbeiten:",
]  # fmt: skip

OBJECTS = [
    "the home page", "the price list", "the checkout", "customer accounts", "the search", "product photos",
    "the contact form", "the sitemap", "invoices as PDF", "the newsletter template", "the cookie notice",
    "old redirects", "the image sizes", "the style guide", "texts for the “About us” page", "the release notes",
    "error pages (404/500)", "the load test", "the backup plan", "opening hours", "the font licences",
    "the colour palette 🎨", "icons & favicons", "the CSV import", "right-to-left layout עברית",
    "النسخة العربية", "die Übersetzungen", "le pied de page", "la página de inicio", "日本語ページ",
    "формы заявок", "cafe\u0301 menus",
]  # fmt: skip

SENTENCES = [
    "Looks good to me 👍", "Please have another look at the second paragraph.", "I moved this to next week.",
    "The client called: they want it in blue.", "Done, see the attachment.", "Is this still needed?",
    "Waiting for the texts from marketing…", "That took longer than planned - 3½ hours instead of 2.",
    "Works on Firefox, not on Safari < 16.", "Nice! 🎉🎉",
    "Could you check the numbers? 1.234,56 € vs. 1,234.56 €", "Reverted; it broke the checkout.",
    "I'd rather keep it simple.", "See also: https://example.com/?q=a+b&lang=de#top",
    "Ready for review 👩🏽‍💻", "Bitte bis Freitag, sonst wird’s eng.", "Ça marche, merci beaucoup !",
    "¿Quién se encarga de esto?", "Zrobione, dziękuję.", "Προσοχή στα γράμματα.",
    "Готово, проверьте, пожалуйста.", "تم الإرسال إلى العميل.", "זה מוכן לבדיקה.",
    "確認しました。ありがとうございます。", "已经更新了。", "수정했습니다 🙂", "हो गया।",
    "Cafe\u0301 and café are not the same bytes.", "Tab\there, and a \\ backslash.",
    "He said \"no\", she said 'maybe'.", "<b>Not bold</b> & <script>alert(1)</script>",
    "Line one\nLine two\r\nLine three", "Mixed: abc \u202eright to left\u202c and back.",
    "No\u00a0break, zero\u200bwidth, soft\u00adhyphen.",
    "🏳️‍🌈 👨‍👩‍👧‍👦 🇩🇪 are single characters to the eye.",
    "Z\u0351\u036b\u0343a\u0329\u034d\u0323lgo says hello.",
    "Mathematical 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 lies outside the first plane.", "+1", "?",
    "SELECT * FROM tasks; -- just kidding", "100 % of the tests pass; %s and {} stay as they are.",
    "The deadline is firm.", "The deadline moved again.", "Who has the login for the staging server?",
    "I wrote down what we agreed on.", "Small change, big effect.", "Let's talk about it on Monday.",
    "The old version is kept in the archive.", "Not urgent.", "This one is urgent!",
    "The photos are too large, 14 MB each.", "Thanks 🙏", "The invoice is out.", "We need one more round.",
    "Can't reproduce it here.", "Found it: a missing comma.", "Agreed.", "No objections.", "I'll take it.",
    "Sorry, I was on holiday 🏖️.", "The agency sends the logo as SVG.", "It depends on the new hosting.",
    "Closed by mistake, reopened.", "Final version (really).",
]  # fmt: skip

TAGS = [
    "backend", "frontend", "design", "text", "legal", "urgent", "blocked", "quick win", "übersetzung", "a11y",
    "seo", "für später", "réunion", "バグ", "עברית", "🔥",
]  # fmt: skip

FILES = [
    ("invoice", "pdf", "application/pdf"), ("logo", "svg", "image/svg+xml"), ("photo", "jpg", "image/jpeg"),
    ("screenshot", "png", "image/png"), ("prices", "csv", "text/csv; charset=utf-8"),
    ("offer", "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("Entwurf für Größe L", "pdf", "application/pdf"), ("résumé", "txt", "text/plain"),
    ("עיצוב", "ai", "application/postscript"),
    ("見積書", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("demo 🎬", "mp4", "video/mp4"), ("archive", "tar.gz", "application/gzip"),
    ("README", "", "application/octet-stream"), ("notes", "md", "text/markdown"),
    ("font", "woff2", "font/woff2"), ("export", "json", "application/json"),
]  # fmt: skip
