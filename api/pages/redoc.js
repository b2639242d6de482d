// A file of its own: the page's policy lets no script run that stands in the page. ReDoc's search would
// run in a worker made of text.
Redoc.init(
  new URL("openapi.json", document.baseURI).href,
  { disableSearch: true, showExtensions: true, hideDownloadButton: false, sortRequiredPropsFirst: true },
  document.getElementById("page"),
);
