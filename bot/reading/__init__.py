"""What each person may read: searches, lists, and offers of private answers."""
