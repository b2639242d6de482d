"""Taking users out of everything that the system keeps: landed files, lake, state store, uploads, caches; and looking whether anything was left."""
