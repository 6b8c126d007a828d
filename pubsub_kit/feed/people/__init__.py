"""Who follows whom, and who tweets, reads, deletes and unfollows when: the load.

It knows arrays and the feed's own dice, and no design.
"""
