"""SemAbs: relevancy of a phrase at points becomes where its objects are, or could be, in a volume."""
