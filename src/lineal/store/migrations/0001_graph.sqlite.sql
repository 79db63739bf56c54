CREATE VIRTUAL TABLE document USING fts5(name, description, tags, columns, content='', contentless_delete=1,
  tokenize="unicode61", prefix='2 3');
