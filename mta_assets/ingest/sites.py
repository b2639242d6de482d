"""What kind of site a source or a referrer is: search, shopping, social or video. Our own lists; a site missing here is one line to add.

GA4 publishes rules that refer to such lists; these name the sites that matter, not all of the vendor's (docs/channel-rules.md).
"""

from typing import Literal

import polars as pl

Category = Literal["search", "shopping", "social", "video"]

# Names without their public suffix: `google` stands for google, google.com, www.google.co.uk and google_ads.
SITES: dict[Category, tuple[str, ...]] = {
    "search": (
        "360.cn", "adwords", "aol", "ask", "baidu", "bing", "brave", "coccoc", "daum", "dogpile", "duckduckgo", "ecosia", "excite", "google",
        "kvasir", "lycos", "mail.ru", "mojeek", "msn", "naver", "onet", "petalsearch", "presearch", "qwant", "rambler", "seznam", "sogou",
        "startpage", "swisscows", "virgilio", "yahoo", "yandex", "you.com",
    ),
    "shopping": (
        "alibaba", "aliexpress", "allegro", "amazon", "bestbuy", "bol.com", "cdiscount", "coupang", "ebay", "etsy", "flipkart",
        "google[-_ ]?shopping", "idealo", "jd.com", "kaufland", "lazada", "mercadolibre", "mercadolivre", "mercari", "newegg", "otto", "ozon",
        "pricegrabber", "rakuten", "shein", "shop.app", "shopee", "shopping", "shopzilla", "taobao", "target", "temu", "tmall", "tokopedia",
        "trendyol", "walmart", "wayfair", "wildberries", "wish", "zalando",
    ),
    "social": (
        "bluesky", "bsky", "discord", "douban", "facebook", "fb", "fb.me", "flickr", "goodreads", "ig", "instagram", "kakao", "kakaotalk",
        "line.me", "linkedin", "lnkd.in", "mastodon", "meetup", "messenger", "meta", "myspace", "news.ycombinator", "nextdoor",
        "odnoklassniki", "ok.ru", "pinterest", "pixiv", "producthunt", "quora", "reddit", "snap", "snapchat", "stackexchange",
        "stackoverflow", "t.co", "telegram", "threads", "tiktok", "tripadvisor", "truthsocial", "tumblr", "twitter", "viadeo", "vk",
        "vkontakte", "wechat", "weibo", "whatsapp", "x.com", "xing", "yelp",
    ),
    "video": (
        "bilibili", "crunchyroll", "dailymotion", "disneyplus", "hulu", "iqiyi", "netflix", "nicovideo", "peacocktv", "rumble", "twitch",
        "veoh", "vimeo", "wistia", "youku", "youtu.be", "youtube",
    ),
}  # fmt: skip


def site_category(source: pl.Expr) -> pl.Expr:
    """The category of each source, a name or a host, in lower case; null for any other site."""
    # A name may stand behind sub-domains, before a public suffix, and may carry what advertising platforms append.
    category = pl.lit(None, dtype=pl.String)
    for name, sites in reversed(SITES.items()):
        alternatives = "|".join(site.replace(".", r"\.") for site in sites)
        is_such = source.str.contains(rf"^(?:[a-z0-9-]+\.)*(?:{alternatives})(?:\.[a-z]{{2,6}}){{0,2}}(?:[ _-]?ads)?/?$")
        category = pl.when(is_such).then(pl.lit(name)).otherwise(category)
    return category
