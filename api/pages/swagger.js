// A file of its own: the page's policy lets no script run that stands in the page.
SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#page",
  deepLinking: true,
  filter: true,
  showExtensions: true,
  tryItOutEnabled: true,
  validatorUrl: null, // it would send the description to its maker
});
