"""The `website` source: the pages below an address, by sitemap or by following links."""
